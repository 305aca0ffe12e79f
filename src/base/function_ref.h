// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

namespace punktfunk {

template <class Signature>
class FunctionRef;

// Refers to something callable for the length of a call. Unlike std::function it never allocates and owns
// nothing: pass it down, do not keep it.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
      FunctionRef(F&& function)  // NOLINT(google-explicit-constructor): a lambda is what callers write
      : object_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace punktfunk
