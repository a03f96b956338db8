// SPDX-License-Identifier: Apache-2.0
// $readmemh of a plain image: a word of at most 64 bits a line, as many lines as the memory has words. It is read at
// once and in one pass, where Verilator's reader takes every digit from a stream. The linker puts this in front of that
// reader (READER is its symbol), which gets every image that is not so plain, one with an error among them.
#include <verilated.h>

#include <cstdio>
#include <memory>
#include <string>

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

void any_image(bool hex, int bits, QData depth, int lsb, const std::string& name, void* memory, QData start,
               QData end) __asm__("__real_" TEXT(READER)) __attribute__((weak));
void plain_image(bool hex, int bits, QData depth, int lsb, const std::string& name, void* memory, QData start,
                 QData end) __asm__("__wrap_" TEXT(READER));

// The whole text of a file, ended by a 0; null if it cannot be read.
static std::unique_ptr<char[]> text_of(const std::string& name) {
    std::FILE* const file = std::fopen(name.c_str(), "rb");
    if (!file) return nullptr;
    std::fseek(file, 0, SEEK_END);
    const long size = std::ftell(file);
    std::rewind(file);
    std::unique_ptr<char[]> text;
    if (size >= 0) {
        text.reset(new char[size + 1]);
        text[std::fread(text.get(), 1, size, file)] = 0;
    }
    std::fclose(file);
    return text;
}

// Whether a text is plain; if it is, its words are in memory.
template <typename Word>
static bool read(const char* text, int bits, QData depth, Word* memory) {
    for (QData word = 0; word < depth; ++word) {
        QData value = 0;
        int digits = 0;
        for (; *text != '\n'; ++text, ++digits) {
            const unsigned decimal = *text - '0', letter = (*text | 0x20) - 'a';
            if (decimal > 9 && letter > 5) return false;
            value = value << 4 | (decimal <= 9 ? decimal : letter + 10);
        }
        ++text;
        if (digits == 0 || digits > 16 || (bits < 64 && value >> bits)) return false;
        memory[word] = static_cast<Word>(value);
    }
    return *text == 0;
}

void plain_image(bool hex, int bits, QData depth, int lsb, const std::string& name, void* memory, QData start,
                 QData end) {
    if (hex && bits <= 64 && lsb == 0 && start == 0 && end >= depth - 1) {
        if (const auto text = text_of(name)) {
            if (bits <= 8 ? read(text.get(), bits, depth, static_cast<CData*>(memory))
                : bits <= 16 ? read(text.get(), bits, depth, static_cast<SData*>(memory))
                : bits <= 32 ? read(text.get(), bits, depth, static_cast<IData*>(memory))
                             : read(text.get(), bits, depth, static_cast<QData*>(memory))) {
                return;
            }
        }
    }
    any_image(hex, bits, depth, lsb, name, memory, start, end);
}
