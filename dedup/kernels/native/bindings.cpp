// The module: what Python calls, without the GIL. Only the files called bindings know Python.
#include <cerrno>
#include <exception>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include "apart.hpp"
#include "batch.hpp"
#include "bindings.hpp"
#include "compare.hpp"
#include "crowded.hpp"
#include "identical.hpp"
#include "join.hpp"

using namespace nb::literals;

namespace dedup {
namespace {

SketchSettings settings_of(std::size_t shingle, std::size_t window, std::size_t num_perm) {
  if (shingle < 1 || shingle > kMaxShingle) throw nb::value_error("shingle: from 1 to 64 tokens");
  if (num_perm < 1 || num_perm > 65536) throw nb::value_error("num_perm: from 1 to 65536");
  return {shingle, window, Permutations(num_perm)};
}

U32 signatures(nb::handle source, std::size_t num_perm, std::size_t shingle, std::size_t threads) {
  const Texts texts(source);
  const SketchSettings settings = settings_of(shingle, 0, num_perm);
  return to_numpy<std::uint32_t>(unlocked([&] { return batch::signatures(texts.views(), settings, threads); }), num_perm);
}

U32 token_counts(nb::handle source, std::size_t threads) {
  const Texts texts(source);
  return to_numpy<std::uint32_t>(unlocked([&] { return batch::token_counts(texts.views(), threads); }), 0);
}

std::tuple<U64, U64> shingle_hashes(nb::handle source, std::size_t shingle) {
  const Texts texts(source);
  const SketchSettings settings = settings_of(shingle, 0, 1);
  batch::Hashes found = unlocked([&] { return batch::shingle_hashes(texts.views(), settings.shingle); });
  return {to_numpy<std::uint64_t>(std::move(found.values), 0), to_numpy<std::uint64_t>(std::move(found.ends), 0)};
}

U32 permute_hashes(const Vector<std::uint64_t>& hashes, const Vector<std::uint64_t>& ends, std::size_t num_perm) {
  const Permutations permutations = settings_of(1, 0, num_perm).permutations;
  return to_numpy<std::uint32_t>(
      unlocked([&] { return batch::permute_hashes(span_of(hashes), span_of(ends), permutations); }), num_perm);
}

U64 passage_keys(nb::handle text, std::size_t shingle, std::size_t window) {
  const Texts texts(nb::make_tuple(text));
  return to_numpy<std::uint64_t>(batch::passage_keys(texts.views()[0], settings_of(shingle, window, 1)), 0);
}

std::vector<std::tuple<nb::str, std::uint32_t, std::uint32_t>> tokens(nb::handle text) {
  const Texts texts(nb::make_tuple(text));
  Tokens found;
  tokenize<true>(texts.views()[0], found);
  std::vector<std::tuple<nb::str, std::uint32_t, std::uint32_t>> out;
  for (std::size_t i = 0; i < found.size(); ++i)
    out.emplace_back(nb::str(found.view(i).data(), found.view(i).size()), found.spans[i].begin, found.spans[i].end);
  return out;
}

std::tuple<U32, U32> other_facts(nb::handle a, nb::handle b) {
  const Texts texts(nb::make_tuple(a, b));
  auto [of_a, of_b] = unlocked([&] {
    Prepared x, y;
    prepare(texts.views()[0], 1, x);
    prepare(texts.views()[1], 1, y);
    return std::pair(facts_apart(x, y), facts_apart(y, x));
  });
  return {to_numpy<std::uint32_t>(std::move(of_a), kFactColumns), to_numpy<std::uint32_t>(std::move(of_b), kFactColumns)};
}

// What both joins are given, as Python has it; one value a rank in each array, or none in `published`.
JoinInput join_input(const Corpus& corpus, const Vector<std::uint32_t>& order, const Vector<std::uint8_t>& active,
                     const Vector<std::int64_t>& published, std::int64_t window, const PairRows& known, std::size_t threads) {
  return {corpus, span_of(order), span_of(active), span_of(published), window, pairs_of<RankPair>(known), threads};
}

std::tuple<U32, U32> to_numpy(Candidates&& found) {
  Buffer<RankPair> pairs;
  pairs.append(found.pairs.data(), found.pairs.size());
  return {to_numpy<std::uint32_t>(std::move(pairs), 2), to_numpy<std::uint32_t>(std::move(found.cut), 0)};
}

std::tuple<U32, U32> bands_of(const Corpus& corpus, const Vector<std::uint32_t>& order,
                                      const Vector<std::uint8_t>& active, const Vector<std::int64_t>& published,
                                      std::int64_t window, const PairRows& known, std::size_t threads, std::size_t bands,
                                      std::size_t rows, std::size_t full, std::size_t limit) {
  const JoinInput input = join_input(corpus, order, active, published, window, known, threads);
  return to_numpy(unlocked([&] { return band_pairs(input, bands, rows, {full, limit}); }));
}

std::tuple<U32, U32> passages_of(const Corpus& corpus, const Vector<std::uint32_t>& order,
                                         const Vector<std::uint8_t>& active, const Vector<std::int64_t>& published,
                                         std::int64_t window, const PairRows& known, std::size_t threads,
                                         const Vector<std::uint8_t>& kept, std::size_t cap, std::size_t limit) {
  const JoinInput input = join_input(corpus, order, active, published, window, known, threads);
  return to_numpy(unlocked([&] { return passage_pairs(input, span_of(kept), cap, limit); }));
}

std::tuple<U32, U32, U64> comparison(const Corpus& corpus, const PairRows& pairs, std::uint32_t gap, std::uint32_t min_words,
                                     double jaccard, double containment, std::uint32_t words, std::uint32_t shingles,
                                     std::size_t threads, bool rewritten) {
  const auto wanted = pairs_of<StoryPair>(pairs);
  const AlignSettings align{corpus.settings().shingle, gap, min_words, rewritten};
  const Floor floor{jaccard, containment, words, shingles};
  Overlaps found = unlocked([&] { return compare_pairs(corpus, wanted, align, floor, threads); });
  return {to_numpy<std::uint32_t>(std::move(found.rows), kOverlapColumns),
          to_numpy<std::uint32_t>(std::move(found.quotes), kQuoteColumns),
          to_numpy<std::uint64_t>(std::move(found.quote_end), 0)};
}

nb::ndarray<nb::numpy, std::uint8_t> crowded_of(const Corpus& corpus, const Vector<std::uint32_t>& order, const PairRows& pairs,
                                                double least, std::size_t full, std::size_t threads) {
  return to_numpy<std::uint8_t>(
      unlocked([&] { return crowded(corpus, span_of(order), pairs_of<RankPair>(pairs), least, full, threads); }), 0);
}

#define DEDUP_JOIN_ARGS "corpus"_a, "order"_a, "active"_a, "published"_a, "window"_a, "known"_a, "threads"_a

NB_MODULE(_native, m) {
  nb::register_exception_translator([](const std::exception_ptr& failure, void*) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::system_error& error) {
      errno = error.code().value();
      PyErr_SetFromErrno(PyExc_OSError);
    }
  });
  m.doc() = "The native core: folding, sketches, joins and exact comparison. Knows texts and numbers, nothing of stories.";
  m.attr("FOLD_VERSION") = fold_table::kVersion;
  m.attr("UNDATED") = kUndated;
  m.attr("OPENING") = kOpening;
  m.def("simd_level", [] { return static_cast<int>(simd_level().load()); });
  m.def("set_simd_level", &choose_simd_level, "level"_a);
  m.def("xxh3_64", [](nb::bytes b) { return xxh3::hash(static_cast<const std::uint8_t*>(b.data()), b.size()); }, "data"_a);
  m.def("tokens", &tokens, "text"_a);
  m.def("facts_apart", &other_facts, "a"_a, "b"_a);
  m.def("token_counts", &token_counts, "texts"_a, "threads"_a = 0);
  m.def("shingle_hashes", &shingle_hashes, "texts"_a, "shingle"_a = 5);
  m.def("permute_hashes", &permute_hashes, "hashes"_a, "ends"_a, "num_perm"_a = 128);
  m.def("passage_keys", &passage_keys, "text"_a, "shingle"_a = 5, "window"_a = 12);
  m.def("signatures", &signatures, "texts"_a, "num_perm"_a = 128, "shingle"_a = 5, "threads"_a = 0);

  nb::class_<Corpus> corpus(m, "Corpus");
  corpus
      .def("__init__", [](Corpus* self, std::size_t shingle, std::size_t window, std::size_t num_perm, int spill,
                          std::size_t memory) {
        new (self) Corpus(settings_of(shingle, window, num_perm), spill, memory);
      }, "shingle"_a = 5, "window"_a = 12, "num_perm"_a = 128, "spill"_a = -1, "memory"_a = 0)
      .def("trim", [](const Corpus& self) { unlocked([&] { return self.trim(), 0; }); })
      .def("resident", [](const Corpus& self) { return unlocked([&] { return self.resident(); }); })
      .def("spilled", [](const Corpus& self) { return unlocked([&] { return self.spilled(); }); })
      .def("__len__", [](const Corpus& self) { return unlocked([&] { return self.locked_size(); }); })
      .def("add", [](Corpus& self, nb::handle source, std::size_t threads) {
        const Texts texts(source);
        unlocked([&] { self.add(texts.views(), threads); });
      }, "texts"_a, "threads"_a = 0)
      .def("text", [](const Corpus& self, std::size_t number) {
        const auto text = unlocked([&] {
          const auto lock = self.reading();
          if (number >= self.size()) throw nb::index_error("no story of that number");
          return self.text(number);  // stays where it is, whatever is added later
        });
        return nb::steal<nb::str>(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass"));
      }, "number"_a)
      .def("token_counts", [](const Corpus& self) {
        return to_numpy<std::uint32_t>(unlocked([&] { return self.token_counts(); }), 0);
      })
      .def("identical_heads", [](const Corpus& self, const Vector<std::uint32_t>& order) {
        return to_numpy<std::uint32_t>(unlocked([&] { return identical_heads(self, span_of(order)); }), 0);
      }, "order"_a)
      .def("agreements", [](const Corpus& self, const PairRows& pairs, std::size_t threads) {
        return to_numpy<std::uint32_t>(unlocked([&] { return agreements(self, pairs_of<StoryPair>(pairs), threads); }), 0);
      }, "pairs"_a, "threads"_a = 0)
      .def("compare_pairs", &comparison, "pairs"_a, "gap"_a, "min_words"_a, "jaccard"_a, "containment"_a, "words"_a, "shingles"_a,
           "threads"_a = 0, "rewritten"_a = false);

  bind_index(m, corpus);
  m.def("band_pairs", &bands_of, DEDUP_JOIN_ARGS, "bands"_a, "rows"_a, "full"_a, "limit"_a);
  m.def("crowded", &crowded_of, "corpus"_a, "order"_a, "pairs"_a, "least"_a, "full"_a, "threads"_a = 0);
  m.def("merged", [](const PairRows& pairs, const PairRows& further) {
    return to_numpy<std::uint32_t>(unlocked([&] { return merged(pairs_of<RankPair>(pairs), pairs_of<RankPair>(further)); }), 2);
  }, "pairs"_a, "further"_a);
  bind_judging(m);
  bind_reading(m);
  bind_strings(m);
  m.def("passage_pairs", &passages_of, DEDUP_JOIN_ARGS, "kept"_a, "cap"_a, "limit"_a);
}

}  // namespace
}  // namespace dedup
