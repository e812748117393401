import { dts } from 'rollup-plugin-dts'

/** Builds the library's types into one file that needs no other package. */
export default {
  input: 'src/index.ts',
  // For `await using`, whatever `lib` a user's compiler has.
  output: { file: 'dist/index.d.ts', format: 'es', banner: '/// <reference lib="esnext.disposable" />' },
  plugins: [dts()]
}
