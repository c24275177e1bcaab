/** The ranks of each group of a mesh, told by the ranks themselves. */
import { defineScript, string } from "worldsize";
import { Mesh, type MeshShape } from "worldsize/parallel";

export default defineScript({
  about: "Makes a mesh and says who is in which group.",
  options: {
    shape: string("{}", "sizes by axis, as JSON"),
    views: string("[]", "axes that are taken together, as JSON"),
  },
  async main({ world, device, options, show }) {
    const views = JSON.parse(options.views) as string[][];
    const mesh = await Mesh.create(world, JSON.parse(options.shape) as MeshShape, views);
    for (const view of [...mesh.axes.map((axis) => [axis]), ...views]) {
      const group = mesh.group(...view);
      const members = device.zeros([group.size], "i32");
      const own = device.full([1], world.rank, "i32");
      await group.allGather(members, own);
      show.row({
        view: view.join(" "),
        members: JSON.stringify(await members.toArray()),
        size: mesh.size(...view),
        coordinate: mesh.coordinate(...view),
        rank: group.rank,
      });
    }
  },
});
