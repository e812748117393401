import { dts } from 'rollup-plugin-dts'

/** Builds the library's types into one file that needs no other package. */
export default {
  input: 'src/index.ts',
  output: { file: 'dist/index.d.ts', format: 'es' },
  plugins: [dts()]
}
