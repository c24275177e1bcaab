// The client of `worldsize bench http`: asks one request after the other and reads frames as they come, with as little work as that takes.
import { request } from "node:http";

const { url, prompts, tokens } = JSON.parse(process.argv[2]);
const options = { method: "POST", headers: { "content-type": "application/json" } };

/** @returns tokens of the answer. */
function ask(prompt) {
  const body = { prompt, max_tokens: tokens, temperature: 0, ignore_eos: true, stream: true };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/completions`, options, (response) => {
      let [count, rest] = [0, ""];
      response.setEncoding("utf8");
      response.on("data", (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          if (!line.startsWith("data: {")) continue;
          const { choices, error } = JSON.parse(line.slice(6));
          if (error) reject(new Error(error.message));
          if (choices.some(({ text }) => text !== "")) count++;
        }
      });
      response.on("end", () => resolve(count));
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(body));
  });
}

await ask(prompts[0].map((token) => token + 1)); // not timed
const start = performance.now();
let frames = 0;
for (const prompt of prompts) frames += await ask(prompt);
console.log(JSON.stringify({ milliseconds: performance.now() - start, frames }));
