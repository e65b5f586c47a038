// Stories with the same tokens. The digest proposes; the tokens decide.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "join.hpp"

namespace dedup {

// For each rank the lowest rank whose story has the same tokens, itself where there is none. Stories without tokens equal
// nothing.
inline std::vector<std::uint32_t> identical_heads(const Corpus& corpus, std::span<const std::uint32_t> order) {
  const auto lock = corpus.reading();
  for (const std::uint32_t story : order)
    if (story >= corpus.size()) throw std::invalid_argument("order: names a story that is not in the corpus");
  std::vector<std::uint32_t> head(order.size());
  Buffer<join_detail::Entry> by_rank;
  for (std::uint32_t r = 0; r < order.size(); ++r) {
    head[r] = r;
    if (corpus.token_count(order[r]) > 0) by_rank.push_back({corpus.digest(order[r]), r});
  }
  const Buffer<join_detail::Entry> entries = join_detail::grouped(by_rank);
  Tokens tokens;
  for (std::size_t i = 0, next; i < entries.size(); i = next) {
    for (next = i + 1; next < entries.size() && entries[next].key == entries[i].key;) ++next;
    if (next - i < 2) continue;
    std::map<std::string, std::uint32_t, std::less<>> heads;  // more than one only where digests collide
    for (std::size_t at = i; at < next; ++at) {
      tokenize<false>(corpus.text(order[entries[at].rank]), tokens);
      const auto same = heads.find(tokens.all());
      if (same != heads.end())
        head[entries[at].rank] = same->second;
      else
        heads.emplace(tokens.all(), entries[at].rank);
    }
  }
  return head;
}

}  // namespace dedup
