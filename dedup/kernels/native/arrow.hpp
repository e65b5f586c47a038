// Strings from an Arrow array in place (the Arrow C data interface, https://arrow.apache.org/docs/format/CDataInterface.html):
// utf8, large_utf8 and utf8_view, sliced or not.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags, n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length, null_count, offset, n_buffers, n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
  int (*get_next)(ArrowArrayStream*, ArrowArray*);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

namespace dedup::arrow {

// Owns what a producer handed over.
template <class T>
struct Held {
  T value{};
  Held() = default;
  explicit Held(T* source) : value(*source) { source->release = nullptr; }
  Held(Held&& other) noexcept : value(other.value) { other.value.release = nullptr; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  Held& operator=(Held&&) = delete;
  ~Held() {
    if (value.release != nullptr) value.release(&value);
  }
};

namespace detail {

template <class Offset>
void append_offsets(const ArrowArray& array, std::int64_t i, std::vector<std::string_view>& texts) {
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  const auto* bytes = static_cast<const char*>(array.buffers[2]);
  texts.emplace_back(bytes + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
}

struct View {
  std::int32_t length;
  char prefix[4];
  std::int32_t buffer, offset;
};

inline void append_view(const ArrowArray& array, std::int64_t i, std::vector<std::string_view>& texts) {
  const View& view = static_cast<const View*>(array.buffers[1])[i];
  const char* bytes = view.length <= 12 ? view.prefix
                                        : static_cast<const char*>(array.buffers[2 + view.buffer]) + view.offset;
  texts.emplace_back(bytes, static_cast<std::size_t>(view.length));
}

}  // namespace detail

// Appends a view of each string; a null is an empty text. The views live as long as the array.
inline void append(const ArrowSchema& schema, const ArrowArray& array, std::vector<std::string_view>& texts) {
  const std::string format = schema.dictionary != nullptr ? "dictionary" : schema.format;
  if (format != "u" && format != "U" && format != "vu")
    throw std::invalid_argument("an Arrow array of type '" + format + "' holds no strings; cast it to string first");
  const auto* valid = static_cast<const std::uint8_t*>(array.null_count == 0 ? nullptr : array.buffers[0]);
  for (std::int64_t i = array.offset; i < array.offset + array.length; ++i) {
    if (valid != nullptr && (valid[i / 8] >> (i % 8) & 1) == 0)
      texts.emplace_back("", 0);
    else if (format == "vu")
      detail::append_view(array, i, texts);
    else if (format == "u")
      detail::append_offsets<std::int32_t>(array, i, texts);
    else
      detail::append_offsets<std::int64_t>(array, i, texts);
  }
}

// The arrays that views of a call point into.
class Strings {
 public:
  // Takes over one array and its schema.
  void add_array(ArrowSchema* schema, ArrowArray* array, std::vector<std::string_view>& texts) {
    const Held<ArrowSchema> kind(schema);
    arrays_.emplace_back(array);
    append(kind.value, arrays_.back().value, texts);
  }

  // Takes over a stream and reads it to its end.
  void add_stream(ArrowArrayStream* source, std::vector<std::string_view>& texts) {
    Held<ArrowArrayStream> stream(source);
    Held<ArrowSchema> kind;
    check(stream.value, stream.value.get_schema(&stream.value, &kind.value));
    for (;;) {
      Held<ArrowArray> chunk;
      check(stream.value, stream.value.get_next(&stream.value, &chunk.value));
      if (chunk.value.release == nullptr) return;
      arrays_.push_back(std::move(chunk));
      append(kind.value, arrays_.back().value, texts);
    }
  }

 private:
  static void check(ArrowArrayStream& stream, int code) {
    if (code == 0) return;
    const char* why = stream.get_last_error(&stream);
    throw std::runtime_error(std::string("reading an Arrow stream failed: ") + (why ? why : "no reason given"));
  }

  std::vector<Held<ArrowArray>> arrays_;
};

}  // namespace dedup::arrow
