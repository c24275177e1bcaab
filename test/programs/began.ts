/** Two sums called at once, behind arithmetic: where their spans say that they were called, began and ended. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "When operations between ranks begin.",
  traced: true,
  async main({ world, device, show, spans }) {
    const x = device.randn([256, 256], { seed: 1 });
    const y = x.matmul(x).matmul(x);
    const works = [y, device.ones([20_000])].map((each) => world.allReduce(each));
    for (const work of works) work.wait();
    await device.synchronize();
    const all = await spans();
    const sums = all.filter(({ lane, name }) => lane === "comm" && name === "allReduce");
    const products = all.filter(({ lane, name }) => lane === "device" && name === "gemm");
    show.row({
      sums: JSON.stringify(sums.map(({ start, end, args }) => [start, args?.began, end])),
      computed: Math.max(0, ...products.map(({ end }) => end)),
    });
  },
});
