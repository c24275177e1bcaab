import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "text-for-numbers",
    belief: '"3" is as good as 3.',
    edits: [["const rank = Number(env[found[0]]);", "const rank = env[found[0]] as unknown as number;"]],
    message: /identity\(env\)\.rank is the string/,
  },
  {
    name: "zero-is-nothing",
    belief: "|| gives a default when a variable is missing.",
    edits: [["Number(env[found[2]] ?? rank)", "Number(env[found[2]]) || rank + 1"]],
    message: /localRank is 1 and should be 0\. LOCAL_RANK says 0/,
  },
  {
    name: "slurm-wins",
    belief: "The order of launchers does not matter.",
    edits: [["const found = launchers.find", "const found = [...launchers].reverse().find"]],
    message: /mpirun inside a Slurm job/,
  },
  {
    name: "rank-is-enough",
    belief: "If RANK is there, the rest will be.",
    edits: [["env[rank] !== undefined && env[size] !== undefined", "env[rank] !== undefined && size !== undefined"]],
    message: /RANK without WORLD_SIZE/,
  },
  {
    name: "alone-by-default",
    belief: "Without a launcher there is one rank.",
    edits: [
      [
        'if (!found) throw new Error("This process does not know who it is: set RANK and WORLD_SIZE, or use a launcher.");',
        "if (!found) return { rank: 0, worldSize: 1, localRank: 0, leader: true };",
      ],
    ],
    message: /no launcher at all .* and should throw/,
  },
  {
    name: "leader-of-its-host",
    belief: "Whoever is first on its host leads.",
    edits: [["leader: rank === 0 }", "leader: localRank === 0 }"]],
    message: /Only rank 0 leads, whatever/,
  },
]);
