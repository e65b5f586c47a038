// Columns of strings as Python uses them. Each call is short and holds the GIL, but for the sort.
#include "bindings.hpp"
#include "strings.hpp"

using namespace nb::literals;

namespace dedup {
namespace {

nb::object str_of(std::string_view text) {
  return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass"));
}

// The place that Python means, which may count from the end.
std::size_t place_of(Py_ssize_t index, std::size_t size) {
  const Py_ssize_t place = index < 0 ? index + static_cast<Py_ssize_t>(size) : index;
  if (place < 0 || static_cast<std::size_t>(place) >= size) throw nb::index_error("no string of that number");
  return static_cast<std::size_t>(place);
}

// Guarded, as it is sorted without the GIL.
struct NameColumn {
  std::shared_mutex mutex;
  Names column;
};

std::uint64_t hash_of(nb::handle name) {
  return static_cast<std::uint64_t>(PyObject_Hash(name.ptr()));  // that of a str never fails
}

void extend(Strings& self, nb::handle values) {
  const Texts texts(values, true);
  for (const std::string_view text : texts.views())
    self.push_back(text.data() == nullptr ? std::nullopt : Strings::Value(text));
}

bool add(NameColumn& self, nb::handle names) {
  const Texts texts(names);
  std::vector<std::uint64_t> hashes;
  hashes.reserve(texts.views().size());
  for (const nb::handle name : texts.items()) hashes.push_back(hash_of(name));
  const std::lock_guard lock(self.mutex);
  return self.column.add(texts.views(), hashes);
}

nb::list names_of(NameColumn& self, const Vector<std::uint32_t>& numbers) {
  nb::list names;
  for (const std::uint32_t number : span_of(numbers)) names.append(str_of(self.column[place_of(number, self.column.size())]));
  return names;
}

}  // namespace

void bind_strings(nb::module_& m) {
  nb::class_<Strings>(m, "Strings")
      .def("__init__", [](Strings* self, const Corpus& corpus) { new (self) Strings(corpus.spill()); }, "corpus"_a)
      .def("__len__", [](const Strings& self) { return self.size(); })
      .def("__getitem__", [](const Strings& self, Py_ssize_t index) {
        const auto value = self[place_of(index, self.size())];
        return value ? str_of(*value) : nb::none();
      }, "index"_a)
      .def("extend", &extend, "values"_a);

  nb::class_<NameColumn>(m, "Names")
      .def(nb::init<>())
      .def("__len__", [](NameColumn& self) { return self.column.size(); })
      .def("__getitem__", [](NameColumn& self, Py_ssize_t index) {
        return str_of(self.column[place_of(index, self.column.size())]);
      }, "index"_a)
      .def("__contains__", [](NameColumn& self, nb::str name) {
        const Texts text(nb::make_tuple(name));
        return self.column.contains(text.views()[0], hash_of(name));
      }, "name"_a)
      .def("of", &names_of, "numbers"_a)
      .def("add", &add, "names"_a)
      .def("order", [](NameColumn& self) {
        return to_numpy<std::uint32_t>(unlocked([&] {
          const std::shared_lock lock(self.mutex);
          return self.column.order();
        }), 0);
      });
}

}  // namespace dedup
