// The kernels of one level. The build compiles this file once for each, with DETECTOR_LEVEL as its name.

#include "document.hpp"

#define DETECTOR_JOINED(a, b) a##b
#define DETECTOR_NAME(prefix, level) DETECTOR_JOINED(prefix, level)
#define DETECTOR_QUOTED(name) #name
#define DETECTOR_TEXT(name) DETECTOR_QUOTED(name)

namespace detector {

extern const Level DETECTOR_NAME(level_, DETECTOR_LEVEL);
const Level DETECTOR_NAME(level_, DETECTOR_LEVEL) = {
    DETECTOR_TEXT(DETECTOR_LEVEL), DETECTOR_LEVEL::split_lines, DETECTOR_LEVEL::score,
};

}  // namespace detector
