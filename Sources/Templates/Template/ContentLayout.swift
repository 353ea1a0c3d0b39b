/// How a template's content object is put together from the blocks of its program.
struct ContentLayout: Sendable {
  /// A text of the content.
  struct Field: Sendable {
    /// What to do when the text comes out empty.
    enum Emptiness: Sendable {
      case keep
      /// Leave the field out.
      case omit
      /// Refuse to render.
      case refuse
    }

    /// What the text has to be.
    enum Form: Sendable {
      /// Anything.
      case text
      /// One line: without blanks at its end.
      case line
      /// A URL with its scheme.
      case link
      /// One address, with or without a display name. `name`: of a display name that is made from
      /// data, and stands before the field's own block in quotes.
      case mailbox(name: MustacheProgram.Block?)
    }

    /// The name, for errors.
    var name: String
    /// What stands before the text: the key, the colon, the quote; for the fields of the object
    /// itself the comma or brace before them too.
    var opening: [UInt8]
    var block: MustacheProgram.Block
    var emptiness: Emptiness
    var form = Form.text
  }

  /// An object or array inside the content.
  struct Group: Sendable {
    var opening: [UInt8]
    var closing: [UInt8]
    var items: [Field]
  }

  /// A path that the event must have.
  struct Requirement: Sendable {
    var path: String
    /// The instruction with its names.
    var instruction: Int
  }

  var requirements: [Requirement] = []
  /// The first one is never left out.
  var fields: [Field] = []
  var groups: [Group] = []
  /// Whether it is an e-mail in both forms, of which a recipient may want one.
  var isTextAndHTML = false

  /// Of all texts, in order.
  var blocks: [MustacheProgram.Block] {
    (fields + groups.flatMap(\.items)).flatMap { field in
      if case .mailbox(let name?) = field.form { [name, field.block] } else { [field.block] }
    }
  }
}
