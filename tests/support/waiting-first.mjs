import Sequencer from "@jest/test-sequencer";

/** The suites that wait for servers start first: alone at the end they would leave the processor idle for minutes. */
export default class WaitingFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const waits = ({ path }) => /[\\/]tests[\\/]e2e[\\/]/.test(path);
    return [...sorted.filter(waits), ...sorted.filter((test) => !waits(test))];
  }
}
