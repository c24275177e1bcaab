/** Tokenizers and texts for tests. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  modelSpecialTokens,
  type PatternName,
  type Tokenizer,
  trainTokenizer,
} from "../../src/models/tokenizer/index.ts";

/** Texts of the kinds that CS336 compares: ASCII, accents, emoji, German, code; and what breaks patterns. */
export const texts: readonly string[] = [
  "",
  " ",
  "s",
  "Hello, how are you? I'm fine, we'll see; THEY'LL go, I'D say it's 'ſ.",
  "Héllò hôw are ü? 🙃 naïve façade",
  "🙃🙃🙃 👨‍👩‍👧‍👦 🇩🇪 1️⃣",
  "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Straße, Übermut.",
  "for (let i = 0; i < 10; i++) {\n\tconsole.log(`x`, a[i]);\n}\r\n\r\n  return 12345.6789;\n",
  "שלום עולם 日本語のテキスト 한국어 العربية १२३ ½ Ⅷ",
  "a\u0085b\ufeffc\u200bd\u3000e\u2028f\u180eg\u00a0h\u001fi",
  "\n\n  \n x  \n\t  ",
  "  leading and trailing   ",
  "'s 't'll ' ' ''",
  "a\0b\u0001",
  "<|eos|> is what I typed, <|bos|><|user|>x<|assistant|>",
];

/** Letters and digits of Unicode 17, which the native library takes for neither; engines know them since 2026. */
const newer: readonly (readonly [number, number])[] = [
  [0x88f, 0x88f],
  [0xc5c, 0xc5c],
  [0xcdc, 0xcdc],
  [0xa7ce, 0xa7cf],
  [0xa7d2, 0xa7d2],
  [0xa7d4, 0xa7d4],
  [0xa7f1, 0xa7f1],
  [0x10940, 0x10959],
  [0x10ec5, 0x10ec7],
  [0x11db0, 0x11ddb],
  [0x11de0, 0x11de9],
  [0x16ea0, 0x16eb8],
  [0x16ebb, 0x16ed3],
  [0x16ff2, 0x16ff6],
  [0x187f8, 0x187ff],
  [0x18d09, 0x18d1e],
  [0x18d80, 0x18df2],
  [0x1e6c0, 0x1e6de],
  [0x1e6e0, 0x1e6e2],
  [0x1e6e4, 0x1e6e5],
  [0x1e6e7, 0x1e6ed],
  [0x1e6f0, 0x1e6f4],
  [0x1e6fe, 0x1e6ff],
  [0x2b73a, 0x2b73f],
  [0x2cea2, 0x2cead],
  [0x323b0, 0x33479],
];

/** Whether engines and the native library may think otherwise of a character: each has its own version of Unicode. */
export function isNewCharacter(character: string): boolean {
  const code = character.codePointAt(0)!;
  return /\p{Cn}/u.test(character) || newer.some(([from, to]) => code >= from && code <= to);
}

/** Strings of all of Unicode, with the parts that patterns and specials care about more often. */
export const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom(
        "'s",
        "'LL",
        "'ſ",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\u0085",
        "\ufeff",
        "the",
        " a",
        "123456",
        "!?",
        "é",
      ),
      fc.constantFrom("<|eos|>", "<|bos|>", "<|e", "|>", "<|user|>", "<|pad|><|pad|>"),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Array.from(parts.join(""), (each) => (isNewCharacter(each) ? "·" : each)).join(""));

/** A tokenizer of our models' kind, trained on two pages and the texts above. */
export function trained(pattern: PatternName, vocabularySize = 900): Tokenizer {
  const documents = [readFileSync("README.md", "utf8"), readFileSync("ARCHITECTURE.md", "utf8"), ...texts];
  return trainTokenizer({ documents, vocabularySize, pattern, specialTokens: modelSpecialTokens });
}
