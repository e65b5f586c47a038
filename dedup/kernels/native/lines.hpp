// Blocks of JSON lines, looked over before they are parsed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dedup {

struct LineCounts {
  std::size_t ends = 0;      // line feeds
  std::size_t brackets = 0;  // that open an object or an array, those in strings among them
  bool apart = true;         // every line feed but the last byte stands between } and {, or } with a carriage return and {
};

namespace lines_detail {

// Bytes of a text for which `is` holds, counted in lanes of a byte each.
template <class Is>
std::size_t count(std::string_view text, const Is& is) {
  constexpr std::size_t kLanes = 64, kRounds = 255;  // which a lane can count to
  std::size_t total = 0, at = 0;
  while (text.size() - at >= kLanes) {
    std::uint8_t lanes[kLanes] = {};
    for (std::size_t round = 0; round < kRounds && text.size() - at >= kLanes; ++round, at += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = static_cast<std::uint8_t>(lanes[lane] + is(text[at + lane]));
    for (const std::uint8_t lane : lanes) total += lane;
  }
  for (; at < text.size(); ++at) total += is(text[at]);
  return total;
}

inline bool parts_objects(std::string_view text, std::size_t feed) {
  if (feed + 1 == text.size()) return true;
  std::size_t before = feed;
  if (before > 0 && text[before - 1] == '\r') --before;
  return before > 0 && text[before - 1] == '}' && text[feed + 1] == '{';
}

}  // namespace lines_detail

inline LineCounts line_counts(std::string_view text) {
  LineCounts counts;
  counts.ends = lines_detail::count(text, [](char c) { return c == '\n'; });
  counts.brackets = lines_detail::count(text, [](char c) { return c == '{' || c == '['; });
  for (std::size_t at = 0; counts.apart && (at = text.find('\n', at)) != text.npos; ++at)
    counts.apart = lines_detail::parts_objects(text, at);
  return counts;
}

}  // namespace dedup
