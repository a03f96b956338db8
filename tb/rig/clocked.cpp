// SPDX-License-Identifier: Apache-2.0
// cocotb's main program for Verilator, for a top level with a clk_i of which +clock=PERIOD (in ps) makes a clock: it
// rises in the middle of a period. While cocotb waits for a time, and for nothing else, the clock runs up to that time
// in one go, and Python's threads with it. Mask images are read by $fread, a byte at a time, and by this thread alone: no
// byte is worth a lock.
#include "Vtop.h"

#include <verilated_vpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

extern "C" int __wrap_fgetc(FILE* file) { return getc_unlocked(file); }

static void set_time(uint64_t time);
static void see_values();

// Python's lock, which this thread has while it simulates, is others' as long as one of these lives: no callback may come.
class Unlocked final {
    void* const m_thread;
    template <typename Function>
    static Function* python(const char* name) {
        return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
    }

    // At the end of a run Python is gone, and its lock with it; a Python whose names nobody else sees keeps it.
    static bool there() {
        const auto runs = python<int()>("Py_IsInitialized");
        return runs && runs();
    }

public:
    Unlocked() : m_thread{there() ? python<void*()>("PyEval_SaveThread")() : nullptr} {}
    ~Unlocked() {
        if (m_thread) python<void(void*)>("PyEval_RestoreThread")(m_thread);
    }
};

class ClockedTop final : public Vtop {
    uint64_t m_half = 0;
    uint64_t m_next = 0;  // time of the next edge

    // Whether the clock can be of use to anybody.
    bool runs() const {
        return m_half && (VerilatedVpi::hasCbs(cbValueChange) || VerilatedVpi::cbNextDeadline() != UINT64_MAX);
    }
    // Whether cocotb waits for nothing but a time, and nothing else has one.
    bool undisturbed() {
        if (!m_half || Vtop::eventsPending() || VerilatedVpi::cbNextDeadline() == UINT64_MAX) return false;
        for (const int reason : {cbValueChange, cbReadWriteSynch, cbReadOnlySynch, cbNextSimTime}) {
            if (VerilatedVpi::hasCbs(reason)) return false;
        }
        return true;
    }

public:
    explicit ClockedTop(const char* name) : Vtop{name} {
        const char* const given = Verilated::threadContextp()->commandArgsPlusMatch("clock=");
        if (*given) m_next = m_half = std::strtoull(given + std::strlen("+clock="), nullptr, 10) / 2;
    }
    void eval_step() {
        if (m_half && Verilated::threadContextp()->time() == m_next) {
            toggle();
            see_values();  // who waits for the edge samples what stood before it, as with cocotb's own clock
        }
        Vtop::eval_step();
    }
    // Here this time is over, and what cocotb wrote in it is there: before, the clock would run ahead of it.
    void eval_end_step() {
        Vtop::eval_end_step();
        if (!undisturbed()) return;
        const Unlocked unlocked;
        for (const uint64_t end = VerilatedVpi::cbNextDeadline(); m_next < end && !Verilated::gotFinish();) {
            set_time(m_next);
            toggle();
            Vtop::eval_step();
        }
    }
    void toggle() {
        clk_i = !clk_i;
        m_next += m_half;
    }
    bool eventsPending() { return runs() || Vtop::eventsPending(); }
    uint64_t nextTimeSlot() {
        const uint64_t other = Vtop::eventsPending() ? Vtop::nextTimeSlot() : UINT64_MAX;
        return runs() ? std::min(m_next, other) : other;
    }
};

#define Vtop ClockedTop
#include <verilator.cpp>  // of cocotb

static void set_time(uint64_t time) { main_time = time; }

static void see_values() { settle_value_callbacks(); }
