// What an index stores of a story beside its text: keys of its bands, and a digest of its tokens.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "buffer.hpp"
#include "corpus.hpp"
#include "tokens.hpp"
#include "xxh3.hpp"

namespace dedup {

// (stories from `first`, bands) keys: a hash of the band's number and values. Stories without shingles have keys of zeros.
inline Buffer<std::uint32_t> band_keys(const Corpus& corpus, std::size_t bands, std::size_t rows, std::size_t first) {
  const auto lock = corpus.reading();
  if (rows < 1 || bands < 1 || bands > corpus.num_perm() / rows)
    throw std::invalid_argument("bands x rows: more than the signature holds");
  Buffer<std::uint32_t> out, values;
  values.resize(rows + 1);
  for (std::size_t i = first; i < corpus.size(); ++i) {
    for (std::size_t band = 0; band < bands; ++band) {
      if (!corpus.has_shingles(i)) {
        out.push_back(0);
        continue;
      }
      values[0] = static_cast<std::uint32_t>(band);
      std::memcpy(values.data() + 1, corpus.signature(i).data() + band * rows, rows * sizeof(std::uint32_t));
      const std::uint64_t hash = xxh3::hash(reinterpret_cast<const std::uint8_t*>(values.data()), (rows + 1) * sizeof(std::uint32_t));
      out.push_back(static_cast<std::uint32_t>(hash >> 32) | 1);  // never 0
    }
  }
  return out;
}

// Two hashes of the tokens of each story from `first`, each behind a number that only this index knows: together 128 bits
// that nobody outside can make collide.
inline Buffer<std::uint64_t> digests(const Corpus& corpus, std::uint64_t salt, std::uint64_t pepper, std::size_t first) {
  const auto lock = corpus.reading();
  Buffer<std::uint64_t> out;
  Buffer<std::uint8_t> salted;
  Tokens tokens;
  for (std::size_t i = first; i < corpus.size(); ++i) {
    tokenize<false>(corpus.text(i), tokens);
    const auto all = tokens.all();
    salted.resize(sizeof(std::uint64_t) + all.size());
    if (!all.empty()) std::memcpy(salted.data() + sizeof(std::uint64_t), all.data(), all.size());
    for (const std::uint64_t secret : {salt, pepper}) {
      std::memcpy(salted.data(), &secret, sizeof secret);
      out.push_back(xxh3::hash(salted.data(), salted.size()));
    }
  }
  return out;
}

}  // namespace dedup
