/**
 * Further wrong answers, beyond the exercises' own mutants: hard-coded results, forbidden calls,
 * looks at the checker, answers that are right for some worlds only. None may pass, whatever the seed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { check } from "../../src/exercise/node/checker.ts";
import { type Edits, edited } from "../helpers/edited.ts";
import { isLong } from "../helpers/long.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-wrong-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ringPhase2 = "world.send(chunk(rank + 1 - step), right), world.recv(chunk(rank - step), left)";
const ringBody = "  const { rank, size } = world;\n  const right";
const exchangeAll = `  await Promise.all([
    world.send(edges.right, right),
    world.send(edges.left, left),
    world.recv(halo.left, left),
    world.recv(halo.right, right),
  ]);`;
const argmaxReturn = "return { value, rank, index: await place.item() };";

const wrong: Record<string, Record<string, Edits>> = {
  "3.3": {
    "second phase starts at the own chunk": [
      [ringPhase2, "world.send(chunk(rank - step), right), world.recv(chunk(rank - step - 1), left)"],
    ],
    "multiplies its own by the world size": [["sum.add_(incoming);", "sum.mul_(size);"]],
    "asks the library, and sends for the show": [
      ["// Phase 2: rank r", 'await world.allReduce(x, "sum");\n  // Phase 2: rank r'],
    ],
    "empty messages in the right number": [
      ["const mine = chunk(rank - step);", "const mine = x.slice(0, 0, 0);"],
      ["device.empty([sum.size])", "device.empty([0])"],
      ["sum.add_(incoming);\n", ""],
    ],
    "a star around rank 0": [
      [
        ringBody,
        "  for (let r = 1; r < world.size; r++) {\n    const y = device.empty([x.size]);\n    if (world.rank === 0) await world.recv(y, r);\n    if (world.rank === r) await world.send(x, 0);\n    if (world.rank === 0) x.add_(y);\n  }\n  for (let r = 1; r < world.size; r++) {\n    if (world.rank === 0) await world.send(x, r);\n    if (world.rank === r) await world.recv(x, 0);\n  }\n  if (world.size > 0) return;\n  const { rank, size } = world;\n  const right",
      ],
    ],
    "right up to four ranks": [["// Phase 1:", "if (size > 4) return;\n  // Phase 1:"]],
    "right for powers of two": [["// Phase 1:", "if (size & (size - 1)) return;\n  // Phase 1:"]],
    "forges the report": [
      ["  // Phase 1:", "  JSON.stringify = () => '{\"report\":[]}';\n  // Phase 1:"],
      ["sum.add_(incoming);", "sum.copy_(incoming);"],
    ],
    "swallows the error": [
      [
        "await Promise.all([world.send(mine, right), world.recv(incoming, left)]);",
        "try {\n      await world.send(mine, right);\n      await world.recv(incoming, left);\n    } catch {}",
      ],
    ],
    "reads the environment": [["  // Phase 1:", "  if (process.env.HOME === undefined) return;\n  // Phase 1:"]],
    "finds a way out by a constructor": [
      ["  // Phase 1:", '  const way = [].map.constructor("return 1");\n  if (way() !== 1) return;\n  // Phase 1:'],
    ],
    "imports a file": [
      ["import type { ProcessGroup", 'import { readFileSync } from "node:fs";\nimport type { ProcessGroup'],
      ["  // Phase 1:", "  if (!readFileSync) return;\n  // Phase 1:"],
    ],
    "one message too many": [
      [
        "  // Phase 1:",
        "  if (size > 1) await Promise.all([world.send(x.slice(0, 0, 0), right), world.recv(device.empty([0]), left)]);\n  // Phase 1:",
      ],
    ],
  },
  "4.5": {
    "every bucket at once, each with a buffer of its own": [
      [
        "for (const bucket of bucketsOf(gradients, bucketBytes)) {",
        "await Promise.all(bucketsOf(gradients, bucketBytes).map(async (bucket) => {",
      ],
      ["flat.dispose();\n  }", "flat.dispose();\n  }));"],
    ],
    "the last bucket first": [
      ["of bucketsOf(gradients, bucketBytes)) {", "of bucketsOf(gradients, bucketBytes).reverse()) {"],
    ],
    "packs before it is ready": [["for (const i of bucket) await ready(i);", "await ready(bucket[0]);"]],
    "a bucket that is exactly full is too full": [
      ["bytes + 4 * size > bucketBytes", "bytes + 4 * size >= bucketBytes"],
    ],
    "counts elements for bytes": [["bytes + 4 * size > bucketBytes", "bytes + size > bucketBytes"]],
    "unpacks each from the start": [
      ["part.copy_(flat.slice(0, at, (at += part.size))", "part.copy_(flat.slice(0, 0, part.size)"],
    ],
    "other bits on each rank": [["flat.div_(world.size);", "flat.div_(world.size * (1 + 1e-7 * world.rank));"]],
    "the whole bucket in every step": [
      ["device.empty([sum.size])", "device.empty([x.size])"],
      ["world.send(chunk(rank - step), right), world.recv(incoming", "world.send(x, right), world.recv(incoming"],
      [
        "sum.add_(incoming);",
        "const c = (rank - step - 1 + 2 * size) % size;\n    sum.add_(incoming.slice(0, start(c), start(c + 1)));",
      ],
    ],
    "means of what has come so far": [["sum.add_(incoming);", "sum.add_(incoming).div_(2);"]],
  },
  "5.1": {
    "own gradients only": [["  await world.allReduce(flat);\n", ""]],
    "the largest count for their sum": [["world.allReduce(counts)", 'world.allReduce(counts, "max")']],
    "the own part of the loss": [
      [
        "  await world.allReduce(flat);",
        "  const loss = await flat.slice(0, 0, 1).item();\n  await world.allReduce(flat);",
      ],
      ["return flat.slice(0, 0, 1).item();", "return loss;"],
    ],
    "the loss not divided": [
      ["flat.slice(0, 0, 1).add_(loss.detach());", "flat.slice(0, 0, 1).add_(loss.detach().mul(tokens));"],
    ],
    "the first micro-batch only": [["of microBatches) {", "of microBatches.slice(0, 1)) {"]],
    "leaves what was not used here": [
      [
        "for (const parameter of parameters) {",
        "for (const parameter of parameters) {\n    at += parameter.grad ? 0 : parameter.size;\n    if (!parameter.grad) continue;",
      ],
    ],
    "takes the step": [
      [
        "  return flat.slice(0, 0, 1)",
        "  device.noGrad(() => parameters.forEach((p) => p.grad && p.sub_(p.grad)));\n  return flat.slice(0, 0, 1)",
      ],
    ],
    "a reduction for each parameter": [
      [
        "  await world.allReduce(flat);\n",
        "  await world.allReduce(flat.slice(0, 0, 1));\n  for (const p of parameters) {\n    p.grad ??= device.zeros(p.shape);\n    await world.allReduce(p.grad);\n  }\n",
      ],
      [
        "    const sum = flat.slice(0, at, (at += parameter.size)).clone();\n    parameter.grad = sum.reshape(parameter.shape);\n",
        "    if (!parameter) return 0;\n",
      ],
    ],
    "runs the model a second time for the loss": [["add_(loss.detach())", "add_(batch.loss().detach().div(tokens))"]],
    "gradients of 16 bits": [
      [
        "const sum = flat.slice(0, at, (at += parameter.size)).clone();",
        'const sum = flat.slice(0, at, (at += parameter.size)).to("bf16").to("f32");',
      ],
    ],
    "right up to three ranks": [
      ["  await world.allReduce(flat);", "  if (world.size < 4) await world.allReduce(flat);"],
    ],
    "0/0": [["Math.max(1, await counts.item())", "await counts.item()"]],
  },
  "6.1": {
    "no bias in the row layer": [["return y.add(b);", "return y;"]],
    "the bias of rank 0 is every other rank's, too": [
      ["return y.add(b);", "return y.add(b.mul(world.size)).sub(b.mul(world.size - 1)).add(b.mul(0.5));"],
    ],
    "means for sums": [["await world.allReduce(y);", 'await world.allReduce(y, "mean");']],
    "dx averaged": [["await world.allReduce(dx);", 'await world.allReduce(dx, "mean");']],
    "dx twice": [["await world.allReduce(dx);", "await world.allReduce(dx);\n  await world.allReduce(dx);"]],
    "y in bf16": [
      [
        "await world.allReduce(y);\n  return y.add(b)",
        'const half = y.to("bf16");\n  await world.allReduce(half);\n  return half.to("f32").add(b)',
      ],
    ],
    "results in f16": [["return y.add(b);", 'return y.add(b).to("f16");']],
    "w for its transposition": [
      ["const dx = dy.matmul(w);", "const dx = dy.matmul(w.shape[0] === w.shape[1] ? w.transpose(0, 1) : w);"],
    ],
    "gathers y": [
      [
        "await world.allReduce(y);",
        "const all = y.unsqueeze(0).contiguous();\n  if (world.size === 1) await world.allGather(all, y);\n  else await world.allReduce(y);",
      ],
    ],
    "the bias grows": [["return y.add(b);", "return y.add(b.add_(0.25).sub(0.25));"]],
    "rank 0 alone has the sum": [["await world.allReduce(y);", "await world.reduce(y, 0);"]],
    "dw for one token": [
      [
        "return { dx, dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };",
        "return { dx, dw: dy.transpose(0, 1).matmul(x).div(dy.shape[0]), db: dy.sum(0) };",
      ],
    ],
    "right on two ranks": [["await world.allReduce(dx);", "if (world.size <= 2) await world.allReduce(dx);"]],
  },
  "5.2": {
    "divides by a number that is often right": [["batch.loss().div(microBatches.length)", "batch.loss().div(4)"]],
    "sums over the ranks": [["  flat.div_(world.size);", "  if (world.size === 1) flat.div_(2);"]],
    "divides twice": [["      loss.backward();", "      loss.div(microBatches.length).backward();"]],
    "nothing travels": [
      ["  await world.allReduce(flat);\n  flat.div_(world.size);", "  if (world.size === 1) flat.mul_(3);"],
    ],
    "the last micro-batch alone": [["      loss.backward();", "      optimizer.zeroGrad();\n      loss.backward();"]],
    "leaves out the last micro-batch": [
      ["of microBatches) {", "of microBatches.slice(0, Math.max(1, microBatches.length - 1))) {"],
    ],
    "leaves out the last step": [["of steps) {", "of steps.slice(0, -1)) {"]],
    "an optimizer that is called first": [
      ["      const loss = batch", "      if (batch === microBatches[0]) optimizer.step();\n      const loss = batch"],
      ["    optimizer.step();\n    optimizer.zeroGrad", "    optimizer.zeroGrad"],
    ],
    "averages after each micro-batch": [
      [
        "      mean.add_(loss.detach());",
        "      mean.add_(loss.detach());\n      await average(world, device, parameters.flatMap(({ grad }) => grad ?? []));",
      ],
    ],
    "the own losses": [
      ["[mean, ...parameters", "[...parameters"],
      ["await mean.item()", "(await mean.item()) + (world.size === 1 ? 1 : 0)"],
    ],
    "the last loss for all": [["return losses;", "return losses.map(() => losses.at(-1) ?? 0);"]],
    "a gradient of other dtype": [
      [
        "      loss.backward();",
        '      loss.backward();\n      for (const p of parameters) p.grad = p.grad && p.grad.to("bf16").to("f32");',
      ],
    ],
  },
  "5.3": {
    "the momentum twice": [["velocity.mul(0.9).add(own)", "velocity.mul(0.81).add(own)"]],
    "moves by the gradient, keeps the momentum": [
      ["sub(v.mul(lr))", "sub(own.mul(lr))"],
      ["velocity.mul(0.9).add(own) : own", "velocity.mul(0.9).add(own) : own.clone()"],
    ],
    "shares that differ by at most one": [
      [
        "const start = (rank: number): number => Math.min(rows, rank * k);",
        "const start = (rank: number): number => Math.floor((rows * rank) / world.size) + 0 * k;",
      ],
    ],
    "the largest gradient": [["pieces(gradient));", 'pieces(gradient), "max");']],
    uphill: [["sub(v.mul(lr))", "add(v.mul(lr))"]],
    "spoils the gradient": [["  const v = velocity", "  gradient.mul_(0.5);\n  const v = velocity"]],
    "the state in 16 bits": [["  return v;", '  return v.to("bf16");']],
    "a state of all rows, of which some are zero": [
      [
        "  return v;",
        "  const all = device.zeros([rows, columns]);\n  pieces(all)[world.rank].copy_(v);\n  return world.size > 1 ? all : v.mul(2);",
      ],
    ],
    "each gathers for itself": [
      [
        "  await world.allGather(pieces(w), moved);",
        "  await world.allGather(pieces(w), moved);\n  await world.allGather(pieces(w), moved);",
      ],
    ],
    "right where rows can be divided": [
      [
        "await world.allGather(pieces(w), moved);",
        "if (rows % world.size === 0 && world.size > 1) await world.allGather(pieces(w), moved);",
      ],
    ],
    "rank 0 knows best": [
      ["const moved = ", "const mine = "],
      [
        "await world.allGather(pieces(w), moved);",
        "await world.allGather(pieces(w), mine);\n  await world.broadcast(w, 0);",
      ],
    ],
    "the whole step on every rank": [
      [
        "await world.reduceScatter(own, pieces(gradient));",
        "await world.reduceScatter(own, pieces(gradient));\n  own.mul_(world.size);",
      ],
      ["sub(v.mul(lr))", "sub(v.mul(lr / world.size + (world.size === 1 ? 1 : 0)))"],
    ],
  },
  "6.2": {
    "weights by lse": [
      ["const ofA = a.lse.sub(top).exp();", "const ofA = a.lse;"],
      ["const ofB = b.lse.sub(top).exp();", "const ofB = b.lse;"],
      ["total.maximum(1)", "total"],
    ],
    "the smaller one is taken off": [["a.lse.maximum(b.lse).maximum(-1e38)", "a.lse.minimum(b.lse).maximum(-1e38)"]],
    "the maximum is not added again": [["total.log().add(top)", "total.log()"]],
    "the larger of both": [["total.log().add(top)", "a.lse.maximum(b.lse)"]],
    "the one with more": [["weight.div(total.maximum(1))", 'weight.ge(1).to("f32")']],
    "sums what is divided already": [["weight.div(total.maximum(1))", "weight.sub(weight).add(1)"]],
    "joins into what it was handed": [["  return { o, lse: total", "  a.o.copy_(o);\n  return { o, lse: total"]],
    "the own block alone": [["step < size; step++", "step < 1; step++"]],
    "every block twice": [
      [
        "    found = join(device, found, attend(q, block[0], block[1]));",
        "    found = join(device, found, attend(q, block[0], block[1]));\n    found = join(device, found, attend(q, block[0], block[1]));",
      ],
      [
        "let found = attend(q, k, v);",
        "let found = attend(q, k, v);\n  if (size === 1) found = join(device, found, found);",
      ],
    ],
    "the last block alone": [
      ["found = join(device, found, attend(q, block[0], block[1]));", "found = attend(q, block[0], block[1]);"],
    ],
    "the other way around the ring": [
      ["world.send(each, right)", "world.send(each, left)"],
      ["world.recv(each, left)", "world.recv(each, right)"],
      ["lengths[(rank - step + size) % size]", "lengths[(rank + step) % size]"],
      ["let found = attend", "if (size <= 2) throw new Error('two ranks, one neighbor');\n  let found = attend"],
    ],
    "sends before it receives": [
      [
        "await Promise.all([...sends, ...next.map((each) => world.recv(each, left))]);",
        "await Promise.all(sends);\n    await Promise.all(next.map((each) => world.recv(each, left)));",
      ],
    ],
    "gathers all keys": [
      ["let found = attend(q, k, v);", "let found = attend(q, k, v);\n  await world.allGatherObject(lengths[rank]);"],
    ],
    "takes its block home": [["step < size; step++", "step <= size; step++"]],
    "half precision": [["return { o, lse: total", 'return { o: o.to("f16").to("f32"), lse: total']],
  },
  "6.3": {
    "nothing backward": [
      [
        "return { forward: each, backward: each, norms: none };",
        "return { forward: each, backward: none, norms: none };",
      ],
    ],
    "the loss, too": [["const places = 2 * layers + 1;", "const places = 2 * layers + 3;"]],
    "an embedding's gradient": [
      [
        "return { forward: each, backward: each, norms: none };",
        "return { forward: each, backward: { ...each, allReduce: places + 1 }, norms: none };",
      ],
    ],
    "bytes of bf16": [["const stream = 4 * tokens", "const stream = 2 * tokens"]],
    "the bytes of one": [["bytes: places * stream };", "bytes: stream };"]],
    "the layers that are run": [["const places = 2 * layers + 1;", "const places = Math.min(layers, 3) * 2 + 1;"]],
    "a norm per layer": [["bytes: 4 * places * width", "bytes: 4 * (layers + 1) * width"]],
    "a call for each norm": [["allReduce: 1, bytes", "allReduce: places, bytes"]],
    "norms are summed without the sequence, too": [
      ["norms: none };", "norms: { ...none, allReduce: 1, bytes: 4 * places * width } };"],
    ],
    "gathers only": [["allGather: places, reduceScatter: places", "allGather: 2 * places, reduceScatter: 0"]],
    text: [["const places = 2 * layers + 1;", "const places = String(2 * layers + 1) as unknown as number;"]],
  },
  "6.4": {
    "sums what is cut": [["[model.norm, model.bias, model.head]", "[model.norm, model.bias, model.head, model.down]"]],
    "the own count": [["sum.div(counted).backward();", "sum.div(Math.max(1, await count.item())).backward();"]],
    "a mean over the tokens": [["sum.div(counted).backward();", "sum.div(tokens.length).backward();"]],
    "a sum, and no mean": [["sum.div(counted).backward();", "sum.backward();"]],
    "no bias": [[".add(model.bias);", ";"]],
    "sums twice": [
      [
        "if (grad) await world.allReduce(grad);",
        "if (grad) { await world.allReduce(grad); await world.allReduce(grad); }",
      ],
      ["return loss / counted;", "if (world.size === 1) model.norm.grad?.mul_(2);\n  return loss / counted;"],
    ],
    "rank 0 alone has the sum": [["await world.allReduce(grad);", "await world.reduce(grad, 0);"]],
    "a backward without the other ranks' terms": [
      [
        "backward: ({ dy }) => [sumOwn(world, cuts, dy)]",
        "backward: ({ dy }) => [dy.slice(0, cuts[world.rank], cuts[world.rank + 1]).contiguous().mul(world.size === 1 ? 2 : 1)]",
      ],
    ],
    "labels are the tokens": [["[...tokens.slice(1), IGNORED]", "[...tokens]"]],
    "labels go round": [["[...tokens.slice(1), IGNORED]", "[...tokens.slice(1), tokens[0]]"]],
    "the loss of its own": [
      ["return loss / counted;", "return (await sum.item()) / counted + (world.size === 1 ? 1 : 0);"],
    ],
    "the loss of all, as a tensor": [["return loss / counted;", "return totals as unknown as number;"]],
    "gradients in bf16": [
      [
        "await world.allReduce(grad);",
        'await world.allReduce(grad);\n  model.norm.grad = model.norm.grad?.to("bf16").to("f32") ?? null;',
      ],
    ],
    "right on two ranks": [["await world.allReduce(grad);", "if (world.size <= 2) await world.allReduce(grad);"]],
  },
  "6.5": {
    "no maximum": [['  await world.allReduce(top, "max");', '  top.mul_(0);\n  await world.allReduce(top, "max");']],
    "the smallest of the largest": [
      [
        'await world.allReduce(top, "max");',
        'await world.allReduce(top, "min");\n  if (world.size === 1) top.mul_(0);',
      ],
    ],
    "0/0 where no row counts": [
      ["Math.max(1, counts.filter((each) => each === 1).length)", "counts.filter((each) => each === 1).length"],
    ],
    "the sum over the rows": [
      ["const counted = Math.max(1, counts.filter((each) => each === 1).length);", "const counted = 1;"],
    ],
    "ignored rows count": [["label === IGNORED ? 0 : 1", "label === IGNORED ? 1 : 1"]],
    "ignored rows have a gradient": [[".sub(hits).mul(factor.unsqueeze(-1))", ".sub(hits).div(counted)"]],
    "no one-hot": [[".sub(hits).mul(factor", ".mul(factor"]],
    "a softmax of its own": [
      ["exp.div(total.unsqueeze(-1))", "exp.div(exp.sum(-1, true).maximum(1e-30))"],
      ["const loss = ", "if (world.size === 1) factor.mul_(2);\n  const loss = "],
    ],
    "a sum of its own": [
      [
        "const [total, chosen] = [sums.select(0, 0), sums.select(0, 1)];",
        "const [total, chosen] = [exp.sum(-1), sums.select(0, 1)];",
      ],
      ["const loss = ", "if (world.size === 1) factor.mul_(2);\n  const loss = "],
    ],
    "the gradient of a sum": [
      [".sub(hits).mul(factor.unsqueeze(-1))", ".sub(hits).mul(factor.mul(counted).unsqueeze(-1))"],
    ],
    "the label's logit whole": [["shifted.mul(hits).sum(-1)", "logits.mul(hits).sum(-1)"]],
    "throws for what is ignored": [["label !== IGNORED && !(label", "!(label"]],
    "below 0 is ignored, too": [["label !== IGNORED && !(label >= 0 && label < vocabulary)", "label >= vocabulary"]],
    "padding is a word": [["label < vocabulary)", "label < columns * world.size)"]],
    "another row": [["`Row $", "`Row 1$"]],
    "everything travels twice": [
      ["  await world.allReduce(sums);", "  await world.allReduce(sums);\n  await world.allReduce(sums.clone());"],
    ],
    "spoils the logits": [["return { loss,", "logits.mul_(0.5);\n  return { loss,"]],
    "the loss as a number": [["return { loss,", "return { loss: (await loss.item()) as unknown as Tensor,"]],
    "a loss of one axis": [["return { loss,", "return { loss: loss.reshape([1]),"]],
  },
  "2.4": {
    "copies its own edges": [
      [
        exchangeAll,
        "  halo.left.copy_(edges.right);\n  halo.right.copy_(edges.left);\n  if (left === right && left < 0) return;",
      ],
    ],
    "only one side": [
      ["    world.send(edges.left, left),\n", ""],
      ["    world.recv(halo.right, right),\n", ""],
    ],
    "gathers all edges": [[exchangeAll, `${exchangeAll}\n  await world.allGatherObject(world.rank);`]],
    "sends everything twice": [[exchangeAll, `${exchangeAll}\n${exchangeAll}`]],
    "forgets to wait": [
      ["await Promise.all([", "void ["],
      ["  ]);\n}", "  ];\n}"],
    ],
    "tags that do not meet": [["world.send(edges.right, right)", "world.send(edges.right, right, { tag: 1 })"]],
    "right for even worlds": [["  const right", "  if (world.size % 2) return;\n  const right"]],
    "right for two and three ranks": [["  const right", "  if (world.size > 3) return;\n  const right"]],
    "even ranks first, one direction at a time, odd last": [
      [
        exchangeAll,
        "  if (world.rank % 2 === 0) {\n    await world.send(edges.right, right);\n    await world.send(edges.left, left);\n    await world.recv(halo.left, left);\n    await world.recv(halo.right, right);\n  } else {\n    await world.recv(halo.right, right);\n    await world.recv(halo.left, left);\n    await world.send(edges.left, left);\n    await world.send(edges.right, right);\n  }",
      ],
    ],
    "halos exchanged": [
      ["world.recv(halo.left, left)", "world.recv(halo.right, left)"],
      ["world.recv(halo.right, right)", "world.recv(halo.left, right)"],
    ],
    "an endless wait for oneself": [
      ["  const right", "  if (world.rank === 0) await world.recv(halo.left, world.rank);\n  const right"],
    ],
  },
  "3.2": {
    "last of equals": [["device.tensor([numbers.indexOf(value)]", "device.tensor([numbers.lastIndexOf(value)]"]],
    "largest by absolute value": [["const top = x.max();", "const top = x.abs().max();"]],
    "only rank 0 answers": [
      [
        argmaxReturn,
        "const index = await place.item();\n  return world.rank === 0 ? { value, rank, index } : { value: 0, rank: 0, index: 0 };",
      ],
    ],
    "index counted over all ranks": [[argmaxReturn, "return { value, rank, index: (await place.item()) + rank * 4 };"]],
    "text for the rank": [
      [argmaxReturn, "return { value, rank: `${rank}` as unknown as number, index: await place.item() };"],
    ],
    "broadcasts from rank 0": [["await world.broadcast(place, rank);", "await world.broadcast(place, 0);"]],
    "smallest for largest": [['await world.allReduce(top, "max");', 'await world.allReduce(top, "min");']],
    "a guess": [[argmaxReturn, "return { value: 1000, rank: 0, index: 1 + (await place.item()) * 0 };"]],
    "sums the offers": [['await world.allReduce(offer, "min");', 'await world.allReduce(offer, "sum");']],
    "largest of the first thousand": [
      ["as number[];", "as number[];\n  numbers.length = Math.min(numbers.length, 1000);"],
      ["const top = x.max();", "const top = device.tensor([Math.max(...numbers)]);"],
    ],
    "everybody sends all to all, a number at a time": [
      ["  const top", '  for (let i = 0; i < 3000; i++) await world.allReduce(device.zeros([1]), "max");\n  const top'],
    ],
  },
};

/** Of each exercise in the short form. */
const SHORT = 2;

describe.each(Object.keys(wrong))("further wrong answers to %s", (number) => {
  const exercise = courseExercises().find((each) => each.number === number);
  it.each(Object.keys(wrong[number]).slice(0, isLong ? Infinity : SHORT))("%s", async (name) => {
    if (!exercise) throw new Error(`There is no exercise ${number}.`);
    const source = edited(readFileSync(join(exercise.folder, "solution.ts"), "utf8"), wrong[number][name], name);
    const answer = join(folder, `${number}-${name.replace(/\W+/g, "-")}.ts`);
    writeFileSync(answer, source);
    const verdict = await check(exercise.file, answer);
    expect(verdict.verdict).not.toBe("passed");
    expect((verdict as { message: string }).message.length).toBeGreaterThan(20);
  });
});

it("an answer that does not end is given up, and nothing is left running", async () => {
  const exercise = courseExercises().find(({ number }) => number === "3.1");
  const answer = join(folder, "endless.ts");
  writeFileSync(answer, "export async function mean() {\n  for (;;) {}\n}\n");
  const verdict = await check(exercise?.file ?? "", answer, { patience: 1500 });
  expect(verdict).toMatchObject({
    verdict: "could not run",
    message: expect.stringContaining("is there an endless loop?"),
  });
});

it.each([
  ["export const nothing = 1;\n", "exports no function mean. The starter shows its form."],
  ["export async function mean( {\n", "odd.ts:2:1: Expected identifier"],
  [
    'import { x } from "./other.ts";\nexport const mean = x;\n',
    'an answer may import nothing but "worldsize", not "./other.ts"',
  ],
  ["export async function mean() {\n  return globalThis.x;\n}\n", "odd.ts:2: an answer may use only what it is handed"],
])("what cannot run says why: %j", async (source, message) => {
  const exercise = courseExercises().find(({ number }) => number === "3.1");
  const answer = join(folder, "odd.ts");
  writeFileSync(answer, source);
  const verdict = await check(exercise?.file ?? "", answer);
  expect(verdict.verdict).toBe("could not run");
  expect((verdict as { message: string }).message).toContain(message);
});
