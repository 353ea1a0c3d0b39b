import ArgumentParser
import Commands

@main
struct Main {
  static func main() async {
    await MeddelaCommand.main()
  }
}
