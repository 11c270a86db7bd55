/** Loads the work of a command when it is run; see the header of main.ts. */

/**
 * The function `name` of the module at `path`, relative to the compiled src/.
 */
export async function loadWork<Options>(
  path: string,
  name: string,
): Promise<(options: Options) => Promise<unknown>> {
  const module = (await import(new URL(`../${path}`, import.meta.url).href)) as Record<
    string,
    (options: Options) => Promise<unknown>
  >;
  return module[name];
}
