import AMQP
import Foundation
import Testing

@Suite(
  "Mails in a folder are as mail programs read them",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct MaildirTests {
  @Test
  func `Words are encoded and never addresses, lines are folded, and there is a date`() async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let subject = Array(repeating: "wordword", count: 150).joined(separator: " ")
    let client = try await TestBroker.client(service.brokerURL)
    var delivery = ClientMessage(
      exchange: "\(service.prefix).deliveries", routingKey: "email.realtime.x",
      body: Array(
        #"""
        {"deliveryId":"m-1.00.1","eventId":"m-1","to":{"email":"elsa@example.se"},
         "content":{"from":"\"Kaffe \\\"butikén\\\", AB\" <order@example.se>",
          "replyTo":"svar@example.se","subject":"\#(subject)","text":"Hej"},
         "createdAt":"2026-11-30T04:05:06Z"}
        """#.utf8))
    delivery.messageID = "m-1.00.1"
    delivery.replyTo = "\(service.prefix).delivery-logs.00"
    _ = try await client.publish([delivery])
    let folder = service.folder.appendingPathComponent("mail")
    let (code, _, err) = try service.run(
      ["deliver", "--channel", "email", "--count", "1", "--sink", "maildir:\(folder.path)"])
    #expect(code == 0, "\(err)")
    let new = folder.appendingPathComponent("new")
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: new.path).first)
    let mail = try String(contentsOf: new.appendingPathComponent(name), encoding: .utf8)
    let lines = mail.components(separatedBy: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    #expect(lines.contains("Date: Mon, 30 Nov 2026 04:05:06 +0000"))
    #expect(lines.contains("Reply-To: svar@example.se"))
    let words = Data(#"Kaffe "butikén", AB"#.utf8).base64EncodedString()
    #expect(lines.contains("From: =?utf-8?B?\(words)?= <order@example.se>"), "\(mail)")
    let unfolded = mail.replacingOccurrences(of: "\r\n ", with: " ")
    #expect(unfolded.contains("\r\nSubject: \(subject)\r\n"))
    await client.close()
  }
}
