// What an index needs of the core: the sketches of a corpus, and postings.
#include "bindings.hpp"
#include "digest.hpp"
#include "postings.hpp"

using namespace nb::literals;

namespace dedup {
namespace {

std::tuple<U64, U64> passage_keys_from(const Corpus& corpus, std::size_t first) {
  Buffer<std::uint64_t> keys, ends;
  unlocked([&] {
    const auto lock = corpus.reading();
    for (std::size_t i = first; i < corpus.size(); ++i) {
      keys.append(corpus.keys(i).data(), corpus.keys(i).size());
      ends.push_back(keys.size());
    }
    return 0;
  });
  return {to_numpy<std::uint64_t>(std::move(keys), 0), to_numpy<std::uint64_t>(std::move(ends), 0)};
}

template <class Key>
void bind_postings(nb::module_& m, const char* name) {
  using Table = Postings<Key>;
  using Keys = Vector<Key>;
  using Ends = Vector<std::uint64_t>;
  nb::class_<Table>(m, name)
      .def(nb::init<std::uint32_t>(), "limit"_a)
      .def("__len__", [](const Table& self) { return unlocked([&] { return self.size(); }); })
      .def("bytes", [](const Table& self) { return unlocked([&] { return self.bytes(); }); })
      .def("add", [](Table& self, const Vector<std::uint32_t>& stories, const Keys& keys, const Ends& ends) {
        unlocked([&] { self.add(span_of(stories), {span_of(keys), span_of(ends)}); });
      }, "stories"_a, "keys"_a, "ends"_a)
      .def("remove", [](Table& self, const Vector<std::uint32_t>& stories, const Keys& keys, const Ends& ends) {
        unlocked([&] { self.remove(span_of(stories), {span_of(keys), span_of(ends)}); });
      }, "stories"_a, "keys"_a, "ends"_a)
      .def("find", [](const Table& self, const Keys& keys, const Ends& ends, std::uint32_t most) {
        Holders found = unlocked([&] { return self.find({span_of(keys), span_of(ends)}, most); });
        return std::tuple(to_numpy<std::uint32_t>(std::move(found.stories), 0), to_numpy<std::uint64_t>(std::move(found.ends), 0));
      }, "keys"_a, "ends"_a, "most"_a)
      .def("counts", [](const Table& self, const Keys& keys) {
        return to_numpy<std::uint32_t>(unlocked([&] { return self.counts(span_of(keys)); }), 0);
      }, "keys"_a);
}

}  // namespace

void bind_index(nb::module_& m, nb::class_<Corpus>& corpus) {
  corpus.def("band_keys", [](const Corpus& self, std::size_t bands, std::size_t rows, std::size_t first) {
    return to_numpy<std::uint32_t>(unlocked([&] { return band_keys(self, bands, rows, first); }), bands);
  }, "bands"_a, "rows"_a, "first"_a = 0);
  corpus.def("passage_keys", &passage_keys_from, "first"_a = 0);
  corpus.def("digests", [](const Corpus& self, std::uint64_t salt, std::uint64_t pepper, std::size_t first) {
    return to_numpy<std::uint64_t>(unlocked([&] { return digests(self, salt, pepper, first); }), 2);
  }, "salt"_a, "pepper"_a, "first"_a = 0);
  bind_postings<std::uint32_t>(m, "Postings32");
  bind_postings<std::uint64_t>(m, "Postings64");
}

}  // namespace dedup
