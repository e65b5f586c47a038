// The only file that knows Python: turns its objects into spans and back, checks bounds once, and lets go of the GIL.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <tuple>

#include "arrow.hpp"
#include "batch.hpp"
#include "compare.hpp"
#include "corpus.hpp"
#include "identical.hpp"
#include "join.hpp"
#include "rarity.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dedup {
namespace {

template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
std::span<const T> span_of(const Vector<T>& v) {
  return {v.data(), v.size()};
}

// Hands a buffer's memory to numpy as (rows, columns) of T, or (rows,) where columns is 0.
template <class T, class Item>
nb::ndarray<nb::numpy, T> to_numpy(Buffer<Item>&& items, std::size_t columns) {
  static_assert(sizeof(Item) % sizeof(T) == 0);
  auto owned = std::make_unique<Buffer<Item>>(std::move(items));
  const std::size_t values = owned->size() * (sizeof(Item) / sizeof(T));
  const std::size_t shape[2] = {columns == 0 ? values : values / columns, columns};
  void* data = owned->data();
  const nb::capsule owner(owned.release(), [](void* p) noexcept { delete static_cast<Buffer<Item>*>(p); });
  return nb::ndarray<nb::numpy, T>(data, columns == 0 ? 1 : 2, shape, owner);
}

// The texts of a call as UTF-8 views, and what keeps them alive.
class Texts {
 public:
  explicit Texts(nb::handle source) {
    if (nb::hasattr(source, "__arrow_c_stream__")) {
      const nb::object stream = source.attr("__arrow_c_stream__")();
      arrow_.add_stream(pointer<ArrowArrayStream>(stream, "arrow_array_stream"), views_);
    } else if (nb::hasattr(source, "__arrow_c_array__")) {
      const nb::tuple pair = nb::cast<nb::tuple>(source.attr("__arrow_c_array__")());
      arrow_.add_array(pointer<ArrowSchema>(pair[0], "arrow_schema"), pointer<ArrowArray>(pair[1], "arrow_array"), views_);
    } else {
      from_sequence(source);
    }
    for (std::size_t i = 0; i < views_.size(); ++i)
      if (views_[i].size() > kMaxTextBytes)
        throw nb::value_error(("text " + std::to_string(i) + " is longer than 256 MiB; split it first").c_str());
  }
  std::span<const std::string_view> views() const { return views_; }

 private:
  void from_sequence(nb::handle source) {
    if (PyUnicode_Check(source.ptr())) throw nb::type_error("expected a list of texts, got one str; put it in a list");
    keep_ = nb::steal(PySequence_Tuple(source.ptr()));
    if (!keep_.is_valid()) throw nb::python_error();
    const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(keep_.ptr()));
    views_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      PyObject* item = PyTuple_GET_ITEM(keep_.ptr(), static_cast<Py_ssize_t>(i));
      if (!PyUnicode_Check(item))
        throw nb::type_error(("text " + std::to_string(i) + ": expected str, got " + Py_TYPE(item)->tp_name).c_str());
      views_.push_back(utf8(item));
    }
  }

  std::string_view utf8(PyObject* text) {
    Py_ssize_t size = 0;
    if (const char* bytes = PyUnicode_AsUTF8AndSize(text, &size)) return {bytes, static_cast<std::size_t>(size)};
    PyErr_Clear();  // lone surrogates: encoded as they are, and folded as U+FFFD
    const nb::object encoded = nb::steal(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
    if (!encoded.is_valid()) throw nb::python_error();
    encoded_.push_back(encoded);
    return {PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))};
  }

  template <class T>
  static T* pointer(nb::handle capsule, const char* name) {
    auto* p = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
    if (p == nullptr) throw nb::python_error();
    return p;
  }

  nb::object keep_;
  std::vector<nb::object> encoded_;
  arrow::Strings arrow_;
  std::vector<std::string_view> views_;
};

SketchSettings settings_of(std::size_t shingle, std::size_t window, std::size_t num_perm) {
  if (shingle < 1 || shingle > kMaxShingle) throw nb::value_error("shingle: from 1 to 64 tokens");
  if (num_perm < 1 || num_perm > 65536) throw nb::value_error("num_perm: from 1 to 65536");
  return {shingle, window, Permutations(num_perm)};
}

using U32 = nb::ndarray<nb::numpy, std::uint32_t>;
using U64 = nb::ndarray<nb::numpy, std::uint64_t>;
using PairRows = nb::ndarray<const std::uint32_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;

template <class Pair>
std::span<const Pair> pairs_of(const PairRows& rows) {
  static_assert(sizeof(Pair) == 2 * sizeof(std::uint32_t));
  return {reinterpret_cast<const Pair*>(rows.data()), rows.shape(0)};
}

// Runs work() without the GIL.
template <class Work>
auto unlocked(const Work& work) {
  const nb::gil_scoped_release release;
  return work();
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

// What both joins are given, as Python has it; one value a rank in each array, or none in `published`.
JoinInput join_input(const Corpus& corpus, const Vector<std::uint32_t>& order, const Vector<std::uint8_t>& active,
                     const Vector<std::int64_t>& published, std::int64_t window, const PairRows& known, std::size_t threads) {
  return {corpus, span_of(order), span_of(active), span_of(published), window, pairs_of<RankPair>(known), threads};
}

std::tuple<U32, std::size_t> to_numpy(Candidates&& found) {
  Buffer<RankPair> pairs;
  pairs.append(found.pairs.data(), found.pairs.size());
  return {to_numpy<std::uint32_t>(std::move(pairs), 2), found.cut_buckets};
}

std::tuple<U32, std::size_t> bands_of(const Corpus& corpus, const Vector<std::uint32_t>& order,
                                      const Vector<std::uint8_t>& active, const Vector<std::int64_t>& published,
                                      std::int64_t window, const PairRows& known, std::size_t threads, std::size_t bands,
                                      std::size_t rows, std::size_t full, std::size_t limit) {
  const JoinInput input = join_input(corpus, order, active, published, window, known, threads);
  return to_numpy(unlocked([&] { return band_pairs(input, bands, rows, {full, limit}); }));
}

std::tuple<U32, std::size_t> passages_of(const Corpus& corpus, const Vector<std::uint32_t>& order,
                                         const Vector<std::uint8_t>& active, const Vector<std::int64_t>& published,
                                         std::int64_t window, const PairRows& known, std::size_t threads,
                                         const Vector<std::uint8_t>& kept, std::size_t cap, std::size_t limit) {
  const JoinInput input = join_input(corpus, order, active, published, window, known, threads);
  return to_numpy(unlocked([&] { return passage_pairs(input, span_of(kept), cap, limit); }));
}

std::tuple<U32, U32, U64> comparison(const Corpus& corpus, const PairRows& pairs, std::uint32_t gap, std::uint32_t min_words,
                                     double jaccard, double containment, std::uint32_t words, std::uint32_t shingles,
                                     std::size_t threads) {
  const auto wanted = pairs_of<StoryPair>(pairs);
  const AlignSettings align{corpus.settings().shingle, gap, min_words};
  const Floor floor{jaccard, containment, words, shingles};
  Overlaps found = unlocked([&] { return compare_pairs(corpus, wanted, align, floor, threads); });
  return {to_numpy<std::uint32_t>(std::move(found.rows), kOverlapColumns),
          to_numpy<std::uint32_t>(std::move(found.quotes), kQuoteColumns),
          to_numpy<std::uint64_t>(std::move(found.quote_end), 0)};
}

auto shared_keys_of(const Corpus& corpus, const Vector<std::uint32_t>& order, const PairRows& pairs, std::size_t threads) {
  SharedKeys found = unlocked([&] { return shared_keys(corpus, span_of(order), pairs_of<RankPair>(pairs), threads); });
  return std::tuple(to_numpy<std::uint32_t>(std::move(found.keys), 4), to_numpy<std::uint32_t>(std::move(found.holders), 0));
}

#define DEDUP_JOIN_ARGS "corpus"_a, "order"_a, "active"_a, "published"_a, "window"_a, "known"_a, "threads"_a

NB_MODULE(_native, m) {
  m.doc() = "The native core: folding, sketches, joins and exact comparison. Knows texts and numbers, nothing of stories.";
  m.attr("FOLD_VERSION") = fold_table::kVersion;
  m.attr("UNDATED") = kUndated;
  m.attr("OPENING") = kOpening;
  m.def("simd_level", [] { return static_cast<int>(simd_level().load()); });
  m.def("set_simd_level", &choose_simd_level, "level"_a);
  m.def("xxh3_64", [](nb::bytes b) { return xxh3::hash(static_cast<const std::uint8_t*>(b.data()), b.size()); }, "data"_a);
  m.def("tokens", &tokens, "text"_a);
  m.def("token_counts", &token_counts, "texts"_a, "threads"_a = 0);
  m.def("shingle_hashes", &shingle_hashes, "texts"_a, "shingle"_a = 5);
  m.def("permute_hashes", &permute_hashes, "hashes"_a, "ends"_a, "num_perm"_a = 128);
  m.def("passage_keys", &passage_keys, "text"_a, "shingle"_a = 5, "window"_a = 12);
  m.def("signatures", &signatures, "texts"_a, "num_perm"_a = 128, "shingle"_a = 5, "threads"_a = 0);

  nb::class_<Corpus>(m, "Corpus")
      .def("__init__", [](Corpus* self, std::size_t shingle, std::size_t window, std::size_t num_perm) {
        new (self) Corpus(settings_of(shingle, window, num_perm));
      }, "shingle"_a = 5, "window"_a = 12, "num_perm"_a = 128)
      .def("__len__", [](const Corpus& self) { return unlocked([&] { return self.locked_size(); }); })
      .def("add", [](Corpus& self, nb::handle source, std::size_t threads) {
        const Texts texts(source);
        unlocked([&] { self.add(texts.views(), threads); });
      }, "texts"_a, "threads"_a = 0)
      .def("token_counts", [](const Corpus& self) {
        return to_numpy<std::uint32_t>(unlocked([&] { return self.token_counts(); }), 0);
      })
      .def("identical_heads", [](const Corpus& self, const Vector<std::uint32_t>& order) {
        return unlocked([&] { return identical_heads(self, span_of(order)); });
      }, "order"_a)
      .def("compare_pairs", &comparison, "pairs"_a, "gap"_a, "min_words"_a, "jaccard"_a, "containment"_a, "words"_a, "shingles"_a,
           "threads"_a = 0);

  m.def("band_pairs", &bands_of, DEDUP_JOIN_ARGS, "bands"_a, "rows"_a, "full"_a, "limit"_a);
  m.def("shared_keys", &shared_keys_of, "corpus"_a, "order"_a, "pairs"_a, "threads"_a = 0);
  m.def("passage_pairs", &passages_of, DEDUP_JOIN_ARGS, "kept"_a, "cap"_a, "limit"_a);
}

}  // namespace
}  // namespace dedup
