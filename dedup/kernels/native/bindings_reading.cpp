// What reading leaves to the core: calls of some microseconds, which hold the GIL.
#include "bindings.hpp"
#include "joinkeys.hpp"
#include "lines.hpp"

#include <datetime.h>  // behind Python.h, which it builds on

using namespace nb::literals;

namespace dedup {
namespace {

// Days since 1970 of a day of the Gregorian calendar, counted in years that begin in March, so that leap days end them.
std::int64_t days_since_epoch(int year, int month, int day) {
  const std::int64_t from_march = (month + 9) % 12, years = year - (month <= 2);
  const std::int64_t in_year = (153 * from_march + 2) / 5 + day - 1;
  constexpr std::int64_t kMarchOfYear0 = 719468;  // days from then until 1970
  return years * 365 + years / 4 - years / 100 + years / 400 + in_year - kMarchOfYear0;
}

std::int64_t microseconds(PyObject* moment) {
  if (moment == Py_None) return kUndated;
  if (!PyDateTime_Check(moment)) throw nb::type_error("moments: datetimes or None");
  if (PyDateTime_DATE_GET_TZINFO(moment) != PyDateTime_TimeZone_UTC)
    throw nb::value_error("moments: must have datetime.timezone.utc as their time zone");
  const std::int64_t days =
      days_since_epoch(PyDateTime_GET_YEAR(moment), PyDateTime_GET_MONTH(moment), PyDateTime_GET_DAY(moment));
  const std::int64_t seconds = days * 86400 + PyDateTime_DATE_GET_HOUR(moment) * 3600 +
                               PyDateTime_DATE_GET_MINUTE(moment) * 60 + PyDateTime_DATE_GET_SECOND(moment);
  return seconds * 1'000'000 + PyDateTime_DATE_GET_MICROSECOND(moment);
}

nb::ndarray<nb::numpy, std::int64_t> moments(nb::handle values) {
  const nb::object all = nb::steal(PySequence_Fast(values.ptr(), "moments: a sequence"));
  if (!all.is_valid()) throw nb::python_error();
  Buffer<std::int64_t> out;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(all.ptr()); ++i)
    out.push_back(microseconds(PySequence_Fast_GET_ITEM(all.ptr(), i)));
  return to_numpy<std::int64_t>(std::move(out), 0);
}

}  // namespace

void bind_reading(nb::module_& m) {
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) throw nb::python_error();
  m.def("line_counts", [](nb::bytes block) {
    const LineCounts counts = line_counts({block.c_str(), block.size()});
    return std::tuple(counts.ends, counts.brackets, counts.apart);
  }, "block"_a);
  m.def("moments", &moments, "values"_a);
}

}  // namespace dedup
