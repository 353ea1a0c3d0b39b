import ArgumentParser
import Commands

@main
struct Main {
  static func main() async {
    StandardStreams.open()
    await MeddelaCommand.main()
  }
}
