/** The words that stories are made of. Names say who is a girl and who is a boy; everything else is free to combine. */

export const girls = "Mia Lily Anna Zoe Ella Ruby Nora Ivy Clara Emma Rosa June".split(" ");
export const boys = "Tom Ben Max Leo Sam Finn Jack Noah Theo Hugo Oscar Remi".split(" ");
export const animals = "fox bear rabbit mouse dog cat duck frog owl hedgehog squirrel pig".split(" ");
export const children = ["girl", "boy"];
export const colours = "red blue green yellow orange purple white black pink brown".split(" ");
export const objects = "ball kite hat drum boat book doll scarf lamp bell cup basket whistle wagon puppet ribbon".split(
  " ",
);

/** What stands in a story's gaps besides people and objects, by the gap's name. */
export const fillers = {
  adjective: "little small young kind shy brave curious clever cheerful quiet".split(" "),
  home: ["a small house", "a big tree", "an old mill", "a quiet pond", "a stone bridge", "a white church"],
  place: [
    "the park",
    "the garden",
    "the forest",
    "the beach",
    "the meadow",
    "the village square",
    "the farm",
    "the river bank",
    "the school yard",
    "the old barn",
    "the hill",
    "the lake",
  ],
  day: [
    "One sunny morning",
    "One windy day",
    "One cold afternoon",
    "One rainy day",
    "One warm evening",
    "Early one morning",
    "After lunch",
    "On Saturday",
  ],
  hide: [
    "under a bush",
    "behind a big rock",
    "in the tall grass",
    "under the bench",
    "inside a hollow log",
    "behind the gate",
    "next to the well",
    "in a pile of leaves",
    "under the bridge",
    "behind the fence",
  ],
  high: ["in a tall tree", "on the roof", "on top of a wall", "on a high branch", "on the top shelf"],
  tool: ["a long stick", "a rope", "a ladder", "a broom", "a net"],
  glue: ["some glue", "a bit of tape", "a piece of string", "a needle and thread", "a small hammer"],
  skill: ["swim", "whistle a song", "ride a bike", "climb a rope", "skate", "dance", "paint a cloud", "jump the fence"],
  fear: ["the dark", "the thunder", "the deep water", "the big stairs", "loud noises", "the tall slide"],
  food: ["apple pie", "carrot soup", "honey cake", "berry jam", "pumpkin bread", "nut cookies"],
  missing: ["sugar", "flour", "butter", "milk", "salt", "eggs"],
  sad: ["sad", "upset", "worried", "unhappy"],
  glad: ["happy", "glad", "proud", "full of joy"],
} as const;

/** Gaps that are filled from `fillers`; one that ends in 2 takes another word of the same list. */
export type Gap = keyof typeof fillers;
