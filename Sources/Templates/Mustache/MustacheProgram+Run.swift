internal import JSON

extension MustacheProgram {
  /// Calls `body` with a run over `root` that may write up to `TemplateLimits.outputBytes` beyond
  /// `start`. `steps` is set to those that it took, also when it fails.
  func run(
    over root: JSONValue, from start: Int, steps: inout Int,
    _ body: (inout MustacheRun) throws(RenderError) -> Void
  ) throws(RenderError) {
    // The standard library's closure forgets the type of what it throws; a result does not.
    let result: Result<Void, RenderError> = bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: MustacheRun.Frame.self, capacity: depth + 1) { frames in
        var run = MustacheRun(
          self, bytes: bytes, frames: frames, root: root,
          outputEnd: start + TemplateLimits.outputBytes)
        defer { steps = run.stepsTaken }
        do throws(RenderError) {
          return .success(try body(&run))
        } catch {
          return .failure(error)
        }
      }
    }
    try result.get()
  }
}
