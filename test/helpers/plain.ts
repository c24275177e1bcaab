// Tests read what commands print: without colours, whatever the terminal that the tests run in.
delete process.env.FORCE_COLOR;
process.env.NO_COLOR = "1";
