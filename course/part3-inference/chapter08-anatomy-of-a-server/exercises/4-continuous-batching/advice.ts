import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "the rows": {
    hint: "Print what you hand over before the call. Each sequence has a place of its own, and says from where on and which ids; does the program ever come to an end?",
    read: "A batch that changes with every step",
  },
  "the tokens": {
    hint: "Follow one request by hand: which ids lie in its place after each turn, and at which position does the next go? What comes out of the turn that reads the question counts.",
    read: "A batch that changes with every step",
  },
  "the end": {
    hint: "Two things finish an answer: a special id, which nobody is shown, and the limit that was asked for. Check each of them right after drawing.",
    read: "A batch that changes with every step",
  },
  "what is run": {
    hint: "Count for an answer of three: the question, then the first and the second id. Nobody needs the third one's keys and values.",
    read: "A batch that changes with every step",
  },
  streaming: {
    hint: "A reader sits in front of a screen. At which moment of the loop is something new known, and who is told of it then?",
    read: "A batch that changes with every step",
  },
  "who begins": {
    hint: "Look at your queue: new ones join it at the back; who is taken from the front when a place is free?",
    read: "A batch that changes with every step",
  },
  "the steps": {
    hint: "Draw the case as two lanes, one column per turn. Is there an empty field in a lane while somebody is queueing?",
    read: "A batch that changes with every step",
  },
  "it runs to the end": {
    hint: "When nobody is there, time passes only if you ask for a turn with nothing in it. When does your loop return, and does it await each turn?",
    read: "A batch that changes with every step",
  },
});
