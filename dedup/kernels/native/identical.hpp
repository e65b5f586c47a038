// Stories with the same tokens. The digest proposes; the tokens decide.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.hpp"
#include "join.hpp"

namespace dedup {

// For each rank the lowest rank whose story has the same tokens, itself where there is none. Stories without tokens equal
// nothing.
inline Buffer<std::uint32_t> identical_heads(const Corpus& corpus, std::span<const std::uint32_t> order) {
  const auto lock = corpus.reading();
  for (const std::uint32_t story : order)
    if (story >= corpus.size()) throw std::invalid_argument("order: names a story that is not in the corpus");
  Buffer<std::uint32_t> head;
  head.resize(order.size());
  const join_detail::EntryShape shape(order.size());
  Buffer<join_detail::Entry> by_rank;
  for (std::uint32_t r = 0; r < order.size(); ++r) {
    head[r] = r;
    if (corpus.token_count(order[r]) > 0) by_rank.push_back(shape.of(corpus.digest(order[r]), r));
  }
  const Buffer<join_detail::Entry> entries = join_detail::grouped(by_rank);
  Tokens tokens;
  Buffer<char> room_first, room;
  for (std::size_t i = 0, next; i < entries.size(); i = next) {
    for (next = i + 1; next < entries.size() && shape.hash(entries[next]) == shape.hash(entries[i]);) ++next;
    if (next - i < 2) continue;
    const std::uint32_t first = shape.rank(entries[i]);
    const std::string_view words = corpus.text(order[first], room_first);
    std::map<std::string, std::uint32_t, std::less<>> heads;  // more than one only where digests collide
    for (std::size_t at = i + 1; at < next; ++at) {
      const std::uint32_t rank = shape.rank(entries[at]);
      const std::string_view text = corpus.text(order[rank], room);
      if (text == words) {
        head[rank] = first;
        continue;
      }
      if (heads.empty()) {
        tokenize<false>(words, tokens);
        heads.emplace(tokens.all(), first);
      }
      tokenize<false>(text, tokens);
      const auto same = heads.find(tokens.all());
      if (same != heads.end())
        head[rank] = same->second;
      else
        heads.emplace(tokens.all(), rank);
    }
  }
  return head;
}

}  // namespace dedup
