// Compiler and processor differences, in one place: inlining, unaligned loads, and one copy of a hot function for each
// x86-64 level. The copies are made by target attributes on wrappers around always-inlined bodies, never by compiling a
// file twice: a shared inline function compiled for AVX-512 could otherwise be picked by the linker for every caller.
#pragma once
#include <atomic>
#include <stdexcept>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#define DEDUP_X86 1
#else
#define DEDUP_X86 0
#endif

#define DEDUP_INLINE inline __attribute__((always_inline))
#define DEDUP_TARGET(features) __attribute__((target(features)))
#define DEDUP_V2 "sse3,ssse3,sse4.1,sse4.2,popcnt"
#define DEDUP_V3 "avx2,bmi,bmi2,popcnt,fma"
#define DEDUP_V4 DEDUP_V3 ",avx512f,avx512bw,avx512dq,avx512vl,avx512cd"

static_assert(std::endian::native == std::endian::little, "XXH3 and the stored keys are read little-endian");

namespace dedup {

DEDUP_INLINE std::uint32_t load32(const std::uint8_t* p) {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

DEDUP_INLINE std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

enum class SimdLevel : int { baseline = 0, v2 = 1, v3 = 2, v4 = 3 };

inline SimdLevel best_simd_level() {
#if DEDUP_X86
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                  __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  if (v4) return SimdLevel::v4;
  if (v3) return SimdLevel::v3;
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) return SimdLevel::v2;
#endif
  return SimdLevel::baseline;
}

// Lowered only by tests, to show that every level gives the same bytes.
inline std::atomic<SimdLevel>& simd_level() {
  static std::atomic<SimdLevel> level{best_simd_level()};
  return level;
}

inline void choose_simd_level(int level) {
  if (level < 0 || level > static_cast<int>(best_simd_level())) throw std::invalid_argument("level: this processor lacks it");
  simd_level() = static_cast<SimdLevel>(level);
}

}  // namespace dedup
