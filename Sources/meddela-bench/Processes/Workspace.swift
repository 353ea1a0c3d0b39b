internal import Glibc

/// A folder on disk with everything of one run: broker, store, templates, logs.
struct Workspace {
  let path: String

  init(parent: String) throws {
    path = "\(parent)/meddela-bench-\(getpid())"
    try makeFolder(path)
    for folder in ["templates", "templates/order_confirmation.email"] {
      try makeFolder("\(path)/\(folder)")
    }
    for (file, text) in Load.template {
      try writeText(text, to: "\(path)/templates/order_confirmation.email/\(file)")
    }
  }

  var serviceLog: String { "\(path)/service.log" }
  var relayLog: String { "\(path)/relay.log" }

  func remove() {
    let child = try? ChildProcess(["/bin/rm", "-rf", path], errorPath: "/dev/null")
    _ = child?.wait()
  }
}
