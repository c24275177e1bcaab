/** A value as the JSON that it travels as, made once: where a program's thread has read it, no other one looks inside. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
