import { defineMutants } from "worldsize/exercise";

const all = `  await Promise.all([
    world.send(edges.right, right),
    world.send(edges.left, left),
    world.recv(halo.left, left),
    world.recv(halo.right, right),
  ]);`;

export default defineMutants([
  {
    name: "sends-first",
    belief: "Both sends first, so that nothing can be late.",
    edits: [
      [
        all,
        "  await Promise.all([world.send(edges.right, right), world.send(edges.left, left)]);\n  await Promise.all([world.recv(halo.left, left), world.recv(halo.right, right)]);",
      ],
    ],
    message: /Deadlock[\s\S]*in send/,
  },
  {
    name: "receives-first",
    belief: "If sending first is wrong, receiving first is right.",
    edits: [
      [
        all,
        "  await Promise.all([world.recv(halo.left, left), world.recv(halo.right, right)]);\n  await Promise.all([world.send(edges.right, right), world.send(edges.left, left)]);",
      ],
    ],
    message: /Deadlock[\s\S]*in recv/,
  },
  {
    name: "awaits-only-the-sends",
    belief: "When my sends are done, everything is.",
    edits: [
      [
        "  await Promise.all([\n",
        "  const arrivals = [world.recv(halo.left, left), world.recv(halo.right, right)];\n  await Promise.all([\n",
      ],
      ["    world.recv(halo.left, left),\n    world.recv(halo.right, right),\n", ""],
      ["  ]);\n}", "  ]);\n  if (arrivals.length !== 2) throw new Error();\n}"],
    ],
    message: /the answer returned while recv|without waiting for/,
  },
  {
    name: "wrong-edge",
    belief: "The left neighbour wants my right edge: it is at its right, after all.",
    edits: [
      ["world.send(edges.right, right)", "world.send(edges.left, right)"],
      ["world.send(edges.left, left)", "world.send(edges.right, left)"],
    ],
    message: (world) => (world === 2 ? /halo holds/ : /left halo holds rank \d's left edge/),
  },
  {
    name: "two-ranks-are-not-special",
    belief: "Messages find their receive by what they mean.",
    edits: [
      [
        "    world.recv(halo.left, left),\n    world.recv(halo.right, right),\n",
        "    world.recv(halo.right, right),\n    world.recv(halo.left, left),\n",
      ],
    ],
    message: "rank 0's left halo holds rank 1's left edge",
    rightAt: [3, 5, 8],
  },
  {
    name: "receives-into-the-edge",
    belief: "My left edge has been sent: what comes from the left may take its place first.",
    edits: [
      ["    world.send(edges.left, left),\n", ""],
      [
        "  ]);\n}",
        "  ]);\n  await Promise.all([world.send(edges.left, left), world.recv(halo.right, right)]);\n  edges.left.copy_(halo.left);\n}",
      ],
      ["    world.recv(halo.right, right),\n", ""],
    ],
    message: /has other values in its left edge than before/,
  },
]);
