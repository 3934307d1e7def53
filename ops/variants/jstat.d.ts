/** The part of jstat that is used here; the package has no types. */
declare module "jstat" {
  export const jStat: {
    normal: { inv(p: number, mean: number, deviation: number): number };
    studentt: { inv(p: number, degreesOfFreedom: number): number };
  };
}
