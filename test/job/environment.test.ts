import { expect, it } from "vitest";
import { firstNode, isLoopback, startedBy } from "../../src/job/node/processes/environment.ts";

it("takes RANK and WORLD_SIZE, as torchrun sets them", () => {
  const env = { RANK: "3", WORLD_SIZE: "8", LOCAL_RANK: "1", MASTER_ADDR: "10.0.0.1", MASTER_PORT: "1234" };
  expect(startedBy(env)).toEqual({
    rank: 3,
    size: 8,
    localRank: 1,
    host: "10.0.0.1",
    port: 1234,
    by: "RANK and WORLD_SIZE",
  });
  expect(startedBy({ RANK: "0", WORLD_SIZE: "1" })).toMatchObject({ host: "127.0.0.1", port: 29500, localRank: 0 });
});

it("takes what Open MPI sets", () => {
  const env = {
    OMPI_COMM_WORLD_RANK: "2",
    OMPI_COMM_WORLD_SIZE: "4",
    OMPI_COMM_WORLD_LOCAL_RANK: "2",
    OMPI_COMM_WORLD_LOCAL_SIZE: "4",
    OMPI_MCA_ess_base_jobid: "1234567",
  };
  const started = startedBy(env);
  expect(started).toMatchObject({ rank: 2, size: 4, localRank: 2, host: "127.0.0.1", by: "Open MPI" });
  expect(startedBy({ ...env, OMPI_MCA_ess_base_jobid: "7654321" }).port).not.toBe(started.port);
  expect(() => startedBy({ ...env, OMPI_COMM_WORLD_LOCAL_SIZE: "2" })).toThrow(
    "set MASTER_ADDR to the address of rank 0's",
  );
});

it("takes what Slurm sets, on one node and on several", () => {
  const env = { SLURM_PROCID: "5", SLURM_NTASKS: "6", SLURM_LOCALID: "1", SLURM_JOB_ID: "42", SLURM_NNODES: "1" };
  expect(startedBy(env)).toMatchObject({ rank: 5, size: 6, localRank: 1, host: "127.0.0.1", by: "Slurm" });
  const several = { ...env, SLURM_NNODES: "3", SLURM_JOB_NODELIST: "node[07-08,12],other3" };
  expect(startedBy(several)).toMatchObject({ host: "node07" });
  expect(["a", "a,b", "n[1-3]", "gpu-b[002,005]"].map(firstNode)).toEqual(["a", "a", "n1", "gpu-b002"]);
});

it("says which variable is wrong", () => {
  expect(() => startedBy({})).toThrow("set RANK and WORLD_SIZE");
  expect(() => startedBy({ RANK: "0" })).toThrow("set RANK and WORLD_SIZE");
  expect(() => startedBy({ RANK: "4", WORLD_SIZE: "4" })).toThrow(
    'RANK should be a whole number from 0 to 3, but is "4"',
  );
  expect(() => startedBy({ RANK: "", WORLD_SIZE: "4" })).toThrow(
    'RANK should be a whole number from 0 to 3, but is ""',
  );
  expect(() => startedBy({ RANK: "0", WORLD_SIZE: "x" })).toThrow("WORLD_SIZE should be a whole number from 1");
  expect(() => startedBy({ RANK: "0", WORLD_SIZE: "1", MASTER_PORT: "70000" })).toThrow("MASTER_PORT should be");
});

it("knows loopback", () => {
  expect(["localhost", "127.0.0.1", "127.1.2.3", "::1"].every(isLoopback)).toBe(true);
  expect(["10.0.0.1", "0.0.0.0", "example.org", "::"].some(isLoopback)).toBe(false);
});
