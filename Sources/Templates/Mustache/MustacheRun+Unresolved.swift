internal import JSON

extension MustacheRun {
  /// What tags named, by their instructions.
  struct Resolved {
    /// Those that were come to and found something at least once.
    var found: Set<Int> = []
    /// Those that were come to and never found anything.
    var missing: Set<Int> = []

    fileprivate mutating func note(_ instruction: Int, _ value: JSONValue?) {
      if value != nil {
        found.insert(instruction)
        missing.remove(instruction)
      } else if !found.contains(instruction) {
        missing.insert(instruction)
      }
    }
  }

  /// Goes through a block as rendering does, and writes nothing.
  mutating func resolve(_ block: MustacheProgram.Block, into resolved: inout Resolved) {
    var next = block.lowerBound
    var steps = TemplateLimits.renderSteps
    while next < block.upperBound, steps > 0 {
      let index = next
      let instruction = program.instructions[index]
      next &+= 1
      steps &-= 1
      switch instruction.operation {
      case .literal: break
      case .plainValue, .htmlValue, .headerValue, .lineValue, .phraseValue, .linkPartValue,
        .linkValue:
        resolved.note(index, lookUp(instruction))
      case .section:
        let value = lookUp(instruction)
        resolved.note(index, value)
        guard let value, !value.isEmptyOrFalse else {
          next = Int(instruction.target)
          continue
        }
        push(value)
      case .inverted:
        if let value = lookUp(instruction), !value.isEmptyOrFalse { next = Int(instruction.target) }
      case .sectionEnd: if advance() { next = Int(instruction.target) }
      }
    }
  }
}
