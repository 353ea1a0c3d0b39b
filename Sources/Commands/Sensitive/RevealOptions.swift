internal import ArgumentParser

/// Of commands that can show what is sensitive.
struct RevealOptions: ParsableArguments {
  @Flag(
    name: .customLong("reveal"),
    help: "Show what is sensitive, too. That is logged, here and by the running service.")
  var isOn = false
}
