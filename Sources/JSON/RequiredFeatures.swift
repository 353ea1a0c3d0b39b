// A misspelt feature name in Package.swift is silently ignored by the compiler. These are the
// features that the whole project is written for.
#if !hasFeature(ExistentialAny)
  #error("ExistentialAny is off: see `settings` in Package.swift")
#endif
#if !hasFeature(MemberImportVisibility)
  #error("MemberImportVisibility is off: see `settings` in Package.swift")
#endif
#if !hasFeature(InternalImportsByDefault)
  #error("InternalImportsByDefault is off: see `settings` in Package.swift")
#endif
#if !hasFeature(NonisolatedNonsendingByDefault)
  #error("NonisolatedNonsendingByDefault is off: see `settings` in Package.swift")
#endif
