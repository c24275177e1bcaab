/** Every engine passes the one suite. */
import { bodies } from "./bodies.ts";
import { engineConformance } from "./conformance.ts";

for (const [name, make, traits] of bodies) engineConformance(name, make, traits);
