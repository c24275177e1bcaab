// Threads of these tests are used once, as they are for users: the tests are about how threads end.
process.env.WORLDSIZE_THREADS = "once";
