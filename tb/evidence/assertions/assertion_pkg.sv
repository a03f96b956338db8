// SPDX-License-Identifier: Apache-2.0
// What the assertions share: how they fail, and how the watchdogs know that nothing moves. One copy a compilation unit:
// a whole chip, or a layer that Verilator compiles on its own.
package assertion_pkg;
  int unsigned moved = 0;  // handshakes so far, of all watched streams
  int unsigned patience = 0;  // clocks without a handshake that a token may take; 0: not asked yet

  // Clocks a watchdog waits: +watchdog=N, or a million.
  function automatic int unsigned clocks();
    if (patience == 0 && $value$plusargs("watchdog=%d", patience) == 0) patience = 1_000_000;
    return patience;
  endfunction

  // Ends the run. assertion.txt, in the folder of the run, says why: the simulator leaves no results.
  function automatic void fail(input string what);
    int fd;
    fd = $fopen("assertion.txt", "a");
    $fdisplay(fd, "%s", what);
    $fclose(fd);
    $fatal(1, "%s", what);
  endfunction
endpackage
