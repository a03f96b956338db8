// What slang is asked of the RTL and its assertions (make lint): every warning it has but those named here.
// A warning is an error: commercial simulators refuse, or quietly read otherwise, much of what slang warns of.
-Weverything
-Werror

// Constants and genvars are signed, since Icarus 11 has no unsigned parameters, and meet unsigned signals everywhere.
-Wno-sign-compare
-Wno-sign-conversion
-Wno-arith-op-mismatch
-Wno-bitwise-op-mismatch

// A cast that is useless for one geometry is needed for another.
-Wno-useless-cast

// A state machine names its states and has a default besides, where an encoding that is none of them goes.
-Wno-case-redundant-default

// An empty pin is how a module says that it leaves an output open on purpose.
-Wno-empty-output-connection

// An assertion looks into the module it is bound to by that module's name.
-Wno-upward-name

// A package is written whole; not every die needs all of it.
-Wno-unused-package-parameter
-Wno-unused-package-subroutine
-Wno-unused-package-typedef
-Wno-unused-package-var
