// SPDX-License-Identifier: Apache-2.0
// A rule of a module's parameters: a build that breaks it stops, and says the rule by its name.
//
//   `REQUIRE(k_is_a_multiple_of_32, K % 32 == 0)
//
// Icarus 11 has no elaboration tasks: there, the name is that of a module that does not exist. And it dies of a macro with
// arguments that a module of a library uses and another file has defined: hence no guard against a second inclusion.
`ifdef __ICARUS__
`define REQUIRE(RULE, CONDITION) \
  if (!(CONDITION)) begin : gen_``RULE \
    RULE u_refused (); \
  end
`else
`define REQUIRE(RULE, CONDITION) \
  if (!(CONDITION)) begin : gen_``RULE \
    $error("%m: broken rule: %s", `"RULE`"); \
  end
`endif
