// What verified pairs are judged and clustered with.
#include "bindings.hpp"
#include "rarity.hpp"
#include "star.hpp"

using namespace nb::literals;

namespace dedup {

void bind_judging(nb::module_& m) {
  nb::class_<SharedKeys>(m, "SharedKeys")
      .def("__init__", [](SharedKeys* self, const Corpus& corpus, const Vector<std::uint32_t>& order, const PairRows& pairs,
                          std::size_t threads) {
        unlocked([&] { new (self) SharedKeys(corpus, span_of(order), pairs_of<RankPair>(pairs), threads); });
      }, "corpus"_a, "order"_a, "pairs"_a, "threads"_a = 0)
      .def("values", [](const SharedKeys& self) {
        Buffer<std::uint64_t> values;
        values.append(self.values().data(), self.values().size());
        return to_numpy<std::uint64_t>(std::move(values), 0);
      })
      .def("commonness", [](const SharedKeys& self, const Vector<std::uint8_t>& kept, std::uint32_t first,
                            const Vector<std::int64_t>& elsewhere, const Vector<double>& logs) {
        return to_numpy<double>(
            unlocked([&] { return self.commonness(span_of(kept), first, span_of(elsewhere), span_of(logs)); }), 2);
      }, "kept"_a, "first"_a, "elsewhere"_a, "logs"_a);

  nb::class_<Stars>(m, "Stars")
      .def(nb::init<std::size_t>(), "ranks"_a)
      .def("__len__", [](const Stars& self) { return unlocked([&] { return self.size(); }); })
      .def("add", [](Stars& self, const Vector<std::uint32_t>& later, const Vector<std::uint32_t>& earlier,
                     const Vector<double>& jaccard) {
        unlocked([&] { self.add(span_of(later), span_of(earlier), span_of(jaccard)); });
      }, "later"_a, "earlier"_a, "jaccard"_a)
      .def("absorb", [](Stars& self, const Vector<std::uint8_t>& codes, const Vector<std::uint8_t>& strength,
                        std::uint8_t none) {
        return to_numpy<std::int64_t>(unlocked([&] { return self.absorb(span_of(codes), span_of(strength), none); }), 0);
      }, "codes"_a, "strength"_a, "none"_a);
}

}  // namespace dedup
