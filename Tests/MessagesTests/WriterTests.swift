import Foundation
import JSON
import LogSequence
import Messages
import Testing

@Suite("What Meddela writes is as the contract has it")
struct WriterTests {
  private func update(_ status: Status, after previous: Status?, sequence: UInt32) throws
    -> StatusUpdate
  {
    var update = StatusUpdate(
      eventID: lasting("o\"1.b"), sequence: sequence, status: status, previousStatus: previous,
      lane: .realtime, attempt: 2, occurredAt: try time("2026-12-24T07:00:00+01:00"),
      recordedAt: try time("2026-12-24T06:00:00.5Z"), shard: ShardNumber(7), lsn: 42)
    update.channel = lasting("email")
    update.type = lasting("shop.order")
    return update
  }

  @Test func `A first status update has what every one has, and no more`() throws {
    let update = try update(.pending, after: nil, sequence: 1)
    let expected =
      #"{"schemaVersion":1,"eventId":"o\"1.b","sequence":1,"status":"pending","previousStatus":null,"#
      + #""lane":"realtime","channel":"email","type":"shop.order","attempt":2,"#
      + #""occurredAt":"2026-12-24T06:00:00.000Z","recordedAt":"2026-12-24T06:00:00.500Z","#
      + #""shard":"07","lineage":0,"lsn":42}"#
    #expect(written { update.write(to: &$0) } == expected)
  }

  @Test func `A status update has everything that is known`() throws {
    var update = try update(.deliveryFailed, after: .pendingDelivery, sequence: .max)
    update.origin = lasting("shop-å")
    update.externalID = lasting("c\n7")
    update.hasDelivery = true
    update.templateName = lasting("order.email.sv")
    update.templateVersion = lasting("sha256-abcdef")
    update.reasonCode = lasting("550 5.1.1")
    update.reasonText = lasting("\"Finns\" inte")
    update.providerMessageID = lasting("<1@mx>")
    update.errorCount = .max
    update.nextAttemptAt = try time("2026-12-24T07:00:00Z")
    update.lineage = 3
    update.lsn = .max
    let expected =
      #"{"schemaVersion":1,"eventId":"o\"1.b","sequence":4294967295,"status":"delivery-failed","#
      + #""previousStatus":"pending-delivery","lane":"realtime","channel":"email","#
      + #""type":"shop.order","origin":"shop-å","externalId":"c\n7","attempt":2,"#
      + #""deliveryId":"o\"1.b.07.2","template":{"name":"order.email.sv","version":"sha256-abcdef"},"#
      + #""reason":{"code":"550 5.1.1","text":"\"Finns\" inte"},"providerMessageId":"<1@mx>","#
      + #""errorCount":65535,"nextAttemptAt":"2026-12-24T07:00:00.000Z","#
      + #""occurredAt":"2026-12-24T06:00:00.000Z","recordedAt":"2026-12-24T06:00:00.500Z","#
      + #""shard":"07","lineage":3,"lsn":18446744073709551615}"#
    #expect(written { update.write(to: &$0) } == expected)
  }

  @Test(arguments: Status.allCases)
  func `Every legal move is written as a document with its statuses`(previous: Status) throws {
    for status in Status.allCases where previous.canMove(to: status) {
      var update = try update(status, after: previous, sequence: 2)
      update.hasDelivery = status.isOutcome || status == .pendingDelivery
      if status == .pendingDelivery {
        update.templateName = lasting("t")
        update.templateVersion = lasting("sha256-0123")
      }
      if status == .notCovered || status == .expired { update.reasonCode = lasting("expired") }
      let text = written { update.write(to: &$0) }
      keep(text, "status-update")
      try withBody(text) { root in
        #expect(root["status"]?.asString?.string == "\(status.wireName)")
        #expect(root["previousStatus"]?.asString?.string == "\(previous.wireName)")
        #expect(root.firstDuplicateKey() == nil)
      }
    }
  }

  @Test func `Receipts say accepted, duplicate or why not`() throws {
    let accepted = written {
      Receipt.write(eventID: lasting("a\\b"), isDuplicate: false, status: .pending, to: &$0)
    }
    #expect(
      accepted
        == #"{"schemaVersion":1,"eventId":"a\\b","accepted":true,"duplicate":false,"status":"pending"}"#
    )
    let duplicate = written {
      Receipt.write(eventID: lasting("a"), isDuplicate: true, status: .sent, to: &$0)
    }
    #expect(
      duplicate
        == #"{"schemaVersion":1,"eventId":"a","accepted":true,"duplicate":true,"status":"sent"}"#)
    let rejection = Rejection(
      code: .badAddress, path: "$.email", offset: 9, detail: "expected \"a@b\"")
    for (id, text) in [("a", #""a""#), (nil, "null")] as [(String?, String)] {
      let refused = written { Receipt.writeRefused(eventID: id.map(lasting), rejection, to: &$0) }
      #expect(
        refused == #"{"schemaVersion":1,"eventId":\#(text),"accepted":false,"duplicate":false,"#
          + #""status":null,"reason":{"code":"bad-address","text":"$.email at byte 9: expected \"a@b\""}}"#
      )
      keep(refused, "receipt")
    }
    let cancelled = written {
      Receipt.write(
        eventID: lasting("a"), isDuplicate: true, status: .ignored, reason: (.cancelled, "x \"y\""),
        to: &$0)
    }
    #expect(
      cancelled == #"{"schemaVersion":1,"eventId":"a","accepted":true,"duplicate":true,"#
        + #""status":"ignored","reason":{"code":"cancelled","text":"x \"y\""}}"#)
    let remembered = written {
      Receipt.write(
        eventID: lasting("a"), isDuplicate: false, status: nil, reason: (.cancelRemembered, "x"),
        to: &$0)
    }
    #expect(
      remembered == #"{"schemaVersion":1,"eventId":"a","accepted":true,"duplicate":false,"#
        + #""status":null,"reason":{"code":"cancel-remembered","text":"x"}}"#)
    let tooLate = written {
      Receipt.write(
        eventID: lasting("a"), isAccepted: false, isDuplicate: false, status: .sent,
        reason: (.alreadyFinal, "x"), to: &$0)
    }
    #expect(
      tooLate == #"{"schemaVersion":1,"eventId":"a","accepted":false,"duplicate":false,"#
        + #""status":"sent","reason":{"code":"already-final","text":"x"}}"#)
    for receipt in [cancelled, remembered, tooLate] { keep(receipt, "receipt") }
    keep(accepted, "receipt")
    keep(duplicate, "receipt")
  }

  @Test
  func `A delivery has a head from the event and a tail from the log, around its content`() throws {
    let event =
      #"{"id":"o\"1","type":"t","channel":"sms","mobilePhone":"+46701","email":"a@b","origin":"s","externalId":"e","#
      + #""language":"sv","expiration":"2026-12-24T18:00:00Z","emailFormat":2,"ctx":{}}"#
    try withBody(event) { root in
      let fields = try EventFields.decode(root, messageID: nil)
      let text = written { delivery(of: fields, attempt: 1, #"{"text":"Hej"}"#, to: &$0) }
      #expect(
        text == #"{"schemaVersion":1,"deliveryId":"o\"1.00.1","eventId":"o\"1","attempt":1,"#
          + #""lane":"batch","channel":"sms","type":"t","origin":"s","externalId":"e","#
          + #""language":"sv","template":{"name":"t.sms","version":"sha256-0123"},"#
          + #""to":{"mobilePhone":"+46701"},"content":{"text":"Hej"},"#
          + #""expiration":"2026-12-24T18:00:00.000Z","createdAt":"1970-01-01T00:00:00.000Z"}"#)
      keep(text, "delivery")
      let email = try #require(fields.on(channel: JSONString(bytes: lasting("email"))))
      let content = #"{"from":"x","subject":"y","text":"z"}"#
      let recycled = written { delivery(of: email, attempt: 2, content, to: &$0) }
      #expect(recycled.contains(#""o\"1.00.2""#))
      #expect(recycled.contains(#""channel":"email","#))
      #expect(recycled.contains(#""language":"sv","emailFormat":"html","template""#))
      #expect(recycled.contains(#""to":{"email":"a@b"},"content""#))
      keep(recycled, "delivery")
    }
  }

  private func delivery(
    of fields: EventFields, attempt: UInt16, _ content: String, to writer: inout ByteWriter
  ) {
    DeliveryBody.writeHead(
      eventID: fields.id.bytes, shard: ShardNumber(0), attempt: attempt, lane: .batch,
      fields: fields, templateName: "t.sms", templateVersion: "sha256-0123",
      to: &writer)
    writer.write(string: content)
    DeliveryBody.writeTail(
      expiration: fields.expiration, createdAt: Timestamp(nanoseconds: 0), to: &writer)
  }

  /// With `MEDDELA_WRITTEN_MESSAGES=<folder>` the lines go to `<folder>/<kind>.ndjson`, for
  /// `Tests/Contract/check_schemas.py --kind <kind>`.
  private func keep(_ line: String, _ kind: String) {
    guard let folder = ProcessInfo.processInfo.environment["MEDDELA_WRITTEN_MESSAGES"],
      let file = fopen("\(folder)/\(kind).ndjson", "a")
    else { return }
    fputs(line + "\n", file)
    fclose(file)
  }
}
