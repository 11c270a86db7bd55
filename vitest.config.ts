import { defineConfig } from 'vitest/config';

// Two projects: `fast` runs at every save, `slow` (scale, fuzz, crash sweeps,
// served zones) runs in CI. A slow test is one whose name ends in .slow.test.ts.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/**/*.slow.test.ts'],
          testTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
