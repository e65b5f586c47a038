// XXH3, 64 bits, seed 0. Written from the published specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md);
// tests compare it with the `xxhash` package for every length. Shingles are 15 to 60 bytes long, so the paths up to 128
// bytes are inlined into the loop over a story and the rest is kept out of it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "platform.hpp"

namespace dedup::xxh3 {

inline constexpr std::uint64_t kPrime32_1 = 0x9E3779B1u, kPrime32_2 = 0x85EBCA77u, kPrime32_3 = 0xC2B2AE3Du;
inline constexpr std::uint64_t kPrime64_1 = 0x9E3779B185EBCA87u, kPrime64_2 = 0xC2B2AE3D27D4EB4Fu;
inline constexpr std::uint64_t kPrime64_3 = 0x165667B19E3779F9u, kPrime64_4 = 0x85EBCA77C2B2AE63u;
inline constexpr std::uint64_t kPrime64_5 = 0x27D4EB2F165667C5u;

alignas(64) inline constexpr std::uint8_t kSecret[192] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9,
    0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78,
    0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
    0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f,
    0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
    0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff,
    0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
    0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e};

DEDUP_INLINE std::uint64_t multiply_fold(std::uint64_t x, std::uint64_t y) {
  const auto product = static_cast<unsigned __int128>(x) * y;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

DEDUP_INLINE std::uint64_t avalanche(std::uint64_t h) {
  h = (h ^ (h >> 37)) * 0x165667919E3779F9u;
  return h ^ (h >> 32);
}

DEDUP_INLINE std::uint64_t avalanche_xxh64(std::uint64_t h) {
  h = (h ^ (h >> 33)) * kPrime64_2;
  h = (h ^ (h >> 29)) * kPrime64_3;
  return h ^ (h >> 32);
}

DEDUP_INLINE std::uint64_t mix16(const std::uint8_t* in, const std::uint8_t* secret) {
  return multiply_fold(load64(in) ^ load64(secret), load64(in + 8) ^ load64(secret + 8));
}

DEDUP_INLINE std::uint64_t hash_up_to_16(const std::uint8_t* in, std::size_t len) {
  if (len > 8) {
    const std::uint64_t low = load64(in) ^ (load64(kSecret + 24) ^ load64(kSecret + 32));
    const std::uint64_t high = load64(in + len - 8) ^ (load64(kSecret + 40) ^ load64(kSecret + 48));
    return avalanche(len + __builtin_bswap64(low) + high + multiply_fold(low, high));
  }
  if (len >= 4) {
    const std::uint64_t joined = load32(in + len - 4) + (static_cast<std::uint64_t>(load32(in)) << 32);
    std::uint64_t h = joined ^ (load64(kSecret + 8) ^ load64(kSecret + 16));
    h ^= std::rotl(h, 49) ^ std::rotl(h, 24);
    h *= 0x9FB21C651E98DF25u;
    h ^= (h >> 35) + len;
    h *= 0x9FB21C651E98DF25u;
    return h ^ (h >> 28);
  }
  if (len > 0) {
    const std::uint32_t joined = (static_cast<std::uint32_t>(in[0]) << 16) |
                                 (static_cast<std::uint32_t>(in[len >> 1]) << 24) | in[len - 1] |
                                 (static_cast<std::uint32_t>(len) << 8);
    return avalanche_xxh64(joined ^ static_cast<std::uint64_t>(load32(kSecret) ^ load32(kSecret + 4)));
  }
  return avalanche_xxh64(load64(kSecret + 56) ^ load64(kSecret + 64));
}

DEDUP_INLINE std::uint64_t hash_17_to_128(const std::uint8_t* in, std::size_t len) {
  std::uint64_t acc = len * kPrime64_1;
  if (len > 32) {
    if (len > 64) {
      if (len > 96) acc += mix16(in + 48, kSecret + 96) + mix16(in + len - 64, kSecret + 112);
      acc += mix16(in + 32, kSecret + 64) + mix16(in + len - 48, kSecret + 80);
    }
    acc += mix16(in + 16, kSecret + 32) + mix16(in + len - 32, kSecret + 48);
  }
  acc += mix16(in, kSecret) + mix16(in + len - 16, kSecret + 16);
  return avalanche(acc);
}

inline std::uint64_t hash_129_to_240(const std::uint8_t* in, std::size_t len) {
  std::uint64_t acc = len * kPrime64_1;
  for (std::size_t i = 0; i < 8; ++i) acc += mix16(in + 16 * i, kSecret + 16 * i);
  acc = avalanche(acc);
  for (std::size_t i = 8; i < len / 16; ++i) acc += mix16(in + 16 * i, kSecret + 16 * (i - 8) + 3);
  return avalanche(acc + mix16(in + len - 16, kSecret + 136 - 17));
}

DEDUP_INLINE void accumulate(std::uint64_t (&acc)[8], const std::uint8_t* in, const std::uint8_t* secret) {
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint64_t value = load64(in + 8 * i), keyed = value ^ load64(secret + 8 * i);
    acc[i ^ 1] += value;
    acc[i] += (keyed & 0xFFFFFFFFu) * (keyed >> 32);
  }
}

inline std::uint64_t hash_long(const std::uint8_t* in, std::size_t len) {
  constexpr std::size_t kStripe = 64, kStripesPerBlock = 16, kBlock = kStripe * kStripesPerBlock;
  std::uint64_t acc[8] = {kPrime32_3, kPrime64_1, kPrime64_2, kPrime64_3, kPrime64_4, kPrime32_2, kPrime64_5, kPrime32_1};
  const std::size_t blocks = (len - 1) / kBlock;
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t s = 0; s < kStripesPerBlock; ++s) accumulate(acc, in + b * kBlock + s * kStripe, kSecret + 8 * s);
    for (std::size_t i = 0; i < 8; ++i)
      acc[i] = (acc[i] ^ (acc[i] >> 47) ^ load64(kSecret + 128 + 8 * i)) * kPrime32_1;
  }
  const std::size_t stripes = (len - 1 - blocks * kBlock) / kStripe;
  for (std::size_t s = 0; s < stripes; ++s) accumulate(acc, in + blocks * kBlock + s * kStripe, kSecret + 8 * s);
  accumulate(acc, in + len - kStripe, kSecret + 128 - 7);
  std::uint64_t h = len * kPrime64_1;
  for (std::size_t i = 0; i < 4; ++i)
    h += multiply_fold(acc[2 * i] ^ load64(kSecret + 11 + 16 * i), acc[2 * i + 1] ^ load64(kSecret + 19 + 16 * i));
  return avalanche(h);
}

DEDUP_INLINE std::uint64_t hash(const std::uint8_t* in, std::size_t len) {
  if (__builtin_expect(len > 16 && len <= 128, 1)) return hash_17_to_128(in, len);
  if (len <= 16) return hash_up_to_16(in, len);
  return len <= 240 ? hash_129_to_240(in, len) : hash_long(in, len);
}

}  // namespace dedup::xxh3
