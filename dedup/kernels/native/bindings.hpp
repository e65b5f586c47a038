// Python's objects as spans, and back: what the bindings share. Bounds are checked here, once.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "arrow.hpp"
#include "buffer.hpp"
#include "corpus.hpp"

namespace nb = nanobind;

namespace dedup {

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

// The texts of a call as UTF-8 views, and what keeps them alive. In a list None stands for no text if they are `optional`;
// its view has no data.
class Texts {
 public:
  explicit Texts(nb::handle source, bool optional = false) : optional_(optional) {
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
  // The objects of a list that was given.
  nb::tuple items() const { return nb::cast<nb::tuple>(keep_); }

 private:
  void from_sequence(nb::handle source) {
    if (PyUnicode_Check(source.ptr())) throw nb::type_error("expected a list of texts, got one str; put it in a list");
    keep_ = nb::steal(PySequence_Tuple(source.ptr()));
    if (!keep_.is_valid()) throw nb::python_error();
    const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(keep_.ptr()));
    views_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      PyObject* item = PyTuple_GET_ITEM(keep_.ptr(), static_cast<Py_ssize_t>(i));
      if (optional_ && item == Py_None) {
        views_.emplace_back();
        continue;
      }
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

  bool optional_;
  nb::object keep_;
  std::vector<nb::object> encoded_;
  arrow::Strings arrow_;
  std::vector<std::string_view> views_;
};

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

// The part of the module that indexes work with (bindings_index.cpp).
void bind_index(nb::module_& m, nb::class_<Corpus>& corpus);

// Columns of strings (bindings_strings.cpp).
void bind_strings(nb::module_& m);

// What reading leaves to the core (bindings_reading.cpp).
void bind_reading(nb::module_& m);

// The part that judging pairs and clustering work with (bindings_judging.cpp).
void bind_judging(nb::module_& m);

}  // namespace dedup
