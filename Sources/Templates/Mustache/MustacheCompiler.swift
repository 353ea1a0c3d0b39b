/// Compiles Mustache texts into one program. The language is the core of the Mustache
/// specification 1.x: comments, delimiters, interpolation, sections, inverted sections, partials.
/// Not supported, and refused: recursive partials, partials that do not exist, names of partials
/// from data, parents and blocks, pragmas, and the words of Handlebars. Lambdas cannot occur in
/// JSON. An empty string is false.
///
/// Problems are collected, not thrown, so that one pass
/// over a catalog finds them all; a program with problems must not be run.
struct MustacheCompiler {
  /// Finds a partial by its name.
  typealias Partials = (_ name: String) -> MustacheSource?

  var program = MustacheProgram()
  var problems: [TemplateProblem] = []
  /// Every partial that the program holds.
  private(set) var usedPartials: Set<String> = []

  private let partials: Partials
  /// The partials that are being compiled, from the outermost.
  private var openPartials: [String] = []
  /// The sections around, those outside the partial too.
  private var depth = 0
  /// An instruction that something jumps to: a literal before it must not grow.
  var barrier = 0
  var isOverfull = false
  /// Where each name stands in the program.
  var nameSlices: [[UInt8]: MustacheProgram.Slice] = [:]

  let rules: RenderRules

  init(rules: RenderRules = .current, partials: @escaping Partials) {
    self.rules = rules
    self.partials = partials
  }

  /// Ends the compilation.
  consuming func finish() -> (
    program: MustacheProgram, problems: [TemplateProblem], usedPartials: Set<String>
  ) {
    (program, problems, usedPartials)
  }

  /// Appends a text to the program and returns its place there.
  mutating func add(_ source: MustacheSource, style: MustacheStyle) -> MustacheProgram.Block {
    let start = program.instructions.count
    barrier = start
    compile(source, style: style)
    return start..<program.instructions.count
  }

  private mutating func compile(_ source: MustacheSource, style: MustacheStyle) {
    var scanner = MustacheScanner(source)
    var open: [OpenSection] = []
    do throws(TemplateProblem) {
      while !isOverfull, let piece = try scanner.next() {
        switch piece {
        case .text(let text): appendLiteral(text, style: style)
        case .tag(let tag): try compile(tag, of: source, style: style, open: &open)
        }
        try checkSize(source)
      }
    } catch {
      problems.append(error)
      depth -= open.count
      return
    }
    for section in open {
      report(
        .mustache, section.tag, source,
        "this section is not closed: expected {{/\(section.tag.name)}} before the end of the text")
    }
    depth -= open.count
  }

  /// A section whose end has not come yet.
  private struct OpenSection {
    var tag: MustacheTag
    var instruction: Int
  }

  private mutating func compile(
    _ tag: MustacheTag, of source: MustacheSource, style: MustacheStyle,
    open: inout [OpenSection]
  ) throws(TemplateProblem) {
    switch tag.kind {
    case .comment, .setDelimiters: break
    case .variable: appendNamed(style.escapedValue, tag, source)
    case .plainVariable: appendNamed(style.plainValue, tag, source)
    case .section, .inverted:
      open.append(OpenSection(tag: tag, instruction: program.instructions.count))
      appendNamed(tag.kind == .section ? .section : .inverted, tag, source)
      depth += 1
      program.depth = max(program.depth, depth)
      guard depth <= TemplateLimits.sectionDepth else {
        throw problem(
          .tooLarge, tag, source,
          "at most \(TemplateLimits.sectionDepth) sections may stand inside each other")
      }
    case .end: try closeSection(tag, of: source, open: &open)
    case .partial: include(tag, of: source, style: style)
    }
  }

  private mutating func closeSection(
    _ tag: MustacheTag, of source: MustacheSource, open: inout [OpenSection]
  ) throws(TemplateProblem) {
    guard let section = open.last else {
      throw problem(.mustache, tag, source, "this end has no section that it could close")
    }
    guard section.tag.content.elementsEqual(tag.content) else {
      throw problem(
        .mustache, tag, source,
        "expected {{/\(section.tag.name)}}, the end of the section of line \(section.tag.line)")
    }
    open.removeLast()
    depth -= 1
    if section.tag.kind == .section {
      program.instructions.append(
        .init(operation: .sectionEnd, target: UInt32(section.instruction + 1)))
    }
    barrier = program.instructions.count
    program.instructions[section.instruction].target = UInt32(barrier)
  }

  /// Compiles a partial in its place.
  private mutating func include(
    _ tag: MustacheTag, of source: MustacheSource, style: MustacheStyle
  ) {
    let name = tag.name
    guard !name.isEmpty, !name.hasPrefix("*") else {
      return report(
        .mustache, tag, source, "expected the name of a partial; names from data are not supported")
    }
    guard !openPartials.contains(name) else {
      let circle = (openPartials.drop { $0 != name } + [name]).joined(separator: " > ")
      return report(
        .recursivePartial, tag, source,
        "this partial would include itself (\(circle)); recursive partials are not supported")
    }
    guard openPartials.count < TemplateLimits.partialDepth else {
      return report(
        .tooLarge, tag, source,
        "at most \(TemplateLimits.partialDepth) partials may stand inside each other")
    }
    guard let partial = partials(name) else {
      return report(
        .unknownPartial, tag, source,
        "there is no partial of this name: expected \(TemplateFiles.partialFile(name))")
    }
    usedPartials.insert(name)
    openPartials.append(name)
    compile(partial.indented(by: tag.indentation), style: style)
    openPartials.removeLast()
  }
}
