// SPDX-License-Identifier: Apache-2.0
// Compiled before everything else under Icarus 11: without it, an enum constant in a port's expression becomes an
// undriven implicit net.
`default_nettype none
