// cocotb's main program for Verilator, with a trace of its own kind:
//  - it starts after the first evaluation: only then are the models there that were compiled on their own (hier_block);
//  - it holds the scopes of the environment variable WAVE_SCOPES ("levels scope,levels scope"), or everything;
//  - it has the times at which tb/evidence/waves/wave_window.sv keeps the window open, or all;
//  - SIGTERM and SIGHUP end it whole: an FST has its index at its end, and cannot be read without.
#include "Vtop.h"

#include <verilated_fst_c.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

static bool window_open = true;

extern "C" void wave_window_open(unsigned char open) { window_open = open; }

static volatile std::sig_atomic_t stopped_by = 0;

static void stop(int number) { stopped_by = number; }

// The last of all signals. Verilator 5.048 reads past its list of wanted signals unless the last one is among them.
static void declare_last(void*, VerilatedFst* trace, uint32_t code) {
    trace->pushPrefix("window", VerilatedTracePrefixType::SCOPE_MODULE);
    trace->declBit(code, "last", -1, VerilatedTraceSigDirection::NONE, VerilatedTraceSigKind::WIRE,
                   VerilatedTraceSigType::LOGIC);
    trace->popPrefix();
}

class WindowedFst final : public VerilatedFstC {
    std::string m_file;
    std::unique_ptr<VerilatedFstC> m_fst;
    bool m_was_open = true;  // the file is there from the start, if only with the values of time 0

    void begin() {
        m_fst.reset(new VerilatedFstC);
        Verilated::threadContextp()->trace(m_fst.get(), 99);
        if (const char* const wanted = std::getenv("WAVE_SCOPES")) {
            std::istringstream scopes{wanted};
            for (std::string scope; std::getline(scopes, scope, ',');) {
                const auto space = scope.find(' ');
                m_fst->dumpvars(std::stoi(scope.substr(0, space)), scope.substr(space + 1));
            }
            m_fst->dumpvars(1, "window");
            m_fst->spTrace()->addInitCb(declare_last, nullptr, "", false, 1);
        }
        m_fst->open(m_file.c_str());
    }

public:
    void open(const char* file) override {
        m_file = file;
        for (const int number : {SIGTERM, SIGHUP}) std::signal(number, stop);
    }
    void dump(uint64_t time) {
        if (!m_fst) begin();
        if (window_open || m_was_open) m_fst->dump(time);
        m_was_open = window_open;
        if (stopped_by) {
            close();
            std::signal(stopped_by, SIG_DFL);
            std::raise(stopped_by);
        }
    }
    void flush() {
        if (m_fst) m_fst->flush();
    }
    void close() {
        if (m_fst) m_fst->close();
    }
};

#define VerilatedFstC WindowedFst
#include <verilator.cpp>  // of cocotb
