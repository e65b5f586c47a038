// The 128-permutation signature of datasketch's scheme "affine32" (datasketch >= 2, `MinHash._init_permutations` and
// `_fmix`): h' = a*h + b mod 2^32 over the MurmurHash3-finalised low half of each shingle hash, the minimum kept.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "platform.hpp"

namespace dedup {

inline constexpr std::uint32_t kNothing = 0xFFFFFFFFu;  // the minimum over no shingle

DEDUP_INLINE std::uint32_t finalize32(std::uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
  h = (h ^ (h >> 13)) * 0xC2B2AE35u;
  return h ^ (h >> 16);
}

// Parameters padded to whole groups of kGroup permutations, so that the loop has no tail.
struct Permutations {
  static constexpr std::size_t kGroup = 64;
  std::size_t count;
  std::vector<std::uint32_t> a, b;

  // numpy's RandomState(1).randint draws one MT19937 word a value for ranges that are powers of two.
  explicit Permutations(std::size_t num_perm) : count(num_perm), a(padded()), b(padded()) {
    std::mt19937 words(1);
    for (std::size_t k = 0; k < count; ++k) a[k] = static_cast<std::uint32_t>(words() & 0x7FFFFFFFu) * 2 + 1;
    for (std::size_t k = 0; k < count; ++k) b[k] = static_cast<std::uint32_t>(words());
  }

  std::size_t padded() const { return (count + kGroup - 1) / kGroup * kGroup; }
};

namespace minhash_detail {

// Four vectors of permutations keep parameters and minima in registers while all hashes of a story pass by. Values are
// moved by 2^31 to compare as signed: SSE and AVX2 have no unsigned comparison, and GCC makes pminsd of the signed one.
template <int Bytes>
DEDUP_INLINE void permute_four(const std::uint32_t* hashes, std::size_t count, const std::uint32_t* a,
                               const std::uint32_t* b, std::uint32_t* minima) {
  using Vector [[gnu::vector_size(Bytes), gnu::aligned(4), gnu::may_alias]] = std::uint32_t;
  using Signed [[gnu::vector_size(Bytes), gnu::aligned(4), gnu::may_alias]] = std::int32_t;
  constexpr int kLanes = Bytes / 4;
  constexpr std::uint32_t kBias = 0x80000000u;
  const auto at = [](const std::uint32_t* p, int i) __attribute__((always_inline)) -> const Vector& {
    return *reinterpret_cast<const Vector*>(p + i * kLanes);
  };
  const Vector a0 = at(a, 0), a1 = at(a, 1), a2 = at(a, 2), a3 = at(a, 3);
  const Vector b0 = at(b, 0) ^ kBias, b1 = at(b, 1) ^ kBias, b2 = at(b, 2) ^ kBias, b3 = at(b, 3) ^ kBias;
  Signed m0 = reinterpret_cast<Signed>(at(minima, 0) ^ kBias), m1 = reinterpret_cast<Signed>(at(minima, 1) ^ kBias);
  Signed m2 = reinterpret_cast<Signed>(at(minima, 2) ^ kBias), m3 = reinterpret_cast<Signed>(at(minima, 3) ^ kBias);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t h = hashes[i];
    const Signed v0 = reinterpret_cast<Signed>(a0 * h + b0), v1 = reinterpret_cast<Signed>(a1 * h + b1);
    const Signed v2 = reinterpret_cast<Signed>(a2 * h + b2), v3 = reinterpret_cast<Signed>(a3 * h + b3);
    m0 = v0 < m0 ? v0 : m0;
    m1 = v1 < m1 ? v1 : m1;
    m2 = v2 < m2 ? v2 : m2;
    m3 = v3 < m3 ? v3 : m3;
  }
  const auto store = [minima](int i, const Signed& v) __attribute__((always_inline)) {
    *reinterpret_cast<Vector*>(minima + i * kLanes) = reinterpret_cast<Vector>(v) ^ kBias;
  };
  store(0, m0);
  store(1, m1);
  store(2, m2);
  store(3, m3);
}

}  // namespace minhash_detail

// Lowers `minima` (perms.padded() values) by `count` finalised hashes. Bytes is the width of a vector register.
template <int Bytes>
DEDUP_INLINE void permute(const std::uint32_t* hashes, std::size_t count, const Permutations& perms, std::uint32_t* minima) {
  for (std::size_t k = 0; k < perms.padded(); k += Bytes)
    minhash_detail::permute_four<Bytes>(hashes, count, perms.a.data() + k, perms.b.data() + k, minima + k);
}

}  // namespace dedup
