// SPDX-License-Identifier: Apache-2.0
// The trace file of the stage taps. Simulation only. One descriptor is shared by all taps of a compilation unit: a whole
// chip, or, where the simulator compiles a layer on its own, that layer.
package trace_pkg;
  integer fd = 0;  // 0: not opened yet, -1: no trace wanted
endpackage
