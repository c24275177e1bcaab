/** asciichart ships no types; these are the parts in use. */
declare module "asciichart" {
  interface PlotConfig {
    readonly height?: number;
    readonly colors?: readonly string[];
  }
  const asciichart: {
    plot(series: readonly (readonly number[])[], config?: PlotConfig): string;
    readonly cyan: string;
    readonly magenta: string;
    readonly yellow: string;
    readonly green: string;
    readonly blue: string;
  };
  export default asciichart;
}
