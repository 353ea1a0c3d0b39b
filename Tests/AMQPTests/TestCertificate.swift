/// Certificates made for tests and used nowhere else, valid for a hundred years.
enum TestCertificate {
  /// Holds 127.0.0.1 alone; broker.example and that address; *.broker.example; and broker.example
  /// in its subject, without alternative names.
  case address, name, star, subject

  var pem: String {
    switch self {
    case .address: Self.addressText
    case .name: Self.nameText
    case .star: Self.starText
    case .subject: Self.subjectText
    }
  }

  /// The private key of all of them.
  static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLQOufmWBGjDq8TQu
    vEczFHhrFIj/cv3uubUrqI6uYpqhRANCAATWJD4jpfDnUNXJDszLxQ4dx01yfYZK
    oht5fArYhY8AhVLtjcaVdsQ0DSqvkjMdyyaY/stRWQfDNfdVKCyCfw/W
    -----END PRIVATE KEY-----
    """
  private static let addressText = """
    -----BEGIN CERTIFICATE-----
    MIIBlzCCATygAwIBAgIUSLlGMiTJdZeQ7bxiHgTyfgWiQjIwCgYIKoZIzj0EAwIw
    FzEVMBMGA1UEAwwMbWVkZGVsYSB0ZXN0MCAXDTI2MTEyOTIxNTIyOVoYDzIxMjYx
    MTA1MjE1MjI5WjAXMRUwEwYDVQQDDAxtZWRkZWxhIHRlc3QwWTATBgcqhkjOPQIB
    BggqhkjOPQMBBwNCAATWJD4jpfDnUNXJDszLxQ4dx01yfYZKoht5fArYhY8AhVLt
    jcaVdsQ0DSqvkjMdyyaY/stRWQfDNfdVKCyCfw/Wo2QwYjAdBgNVHQ4EFgQUX6Zl
    JTKc7xRgxeDgrVRq2DOKm6UwHwYDVR0jBBgwFoAUX6ZlJTKc7xRgxeDgrVRq2DOK
    m6UwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMC
    A0kAMEYCIQCbzq9OqeUG0e0LLKEfk3my2XxYP7y5RYVzm/nuoo8xiQIhAI2s8URx
    2b708Sxxtx2byB0tqtNuFN3/85s+87x1Xxoq
    -----END CERTIFICATE-----
    """
  private static let nameText = """
    -----BEGIN CERTIFICATE-----
    MIIBpzCCAUygAwIBAgIUadZ0p1rpq5KheBB6pepcXBQLWagwCgYIKoZIzj0EAwIw
    FzEVMBMGA1UEAwwMbWVkZGVsYSB0ZXN0MCAXDTI2MTEyOTIxNTIyOVoYDzIxMjYx
    MTA1MjE1MjI5WjAXMRUwEwYDVQQDDAxtZWRkZWxhIHRlc3QwWTATBgcqhkjOPQIB
    BggqhkjOPQMBBwNCAATWJD4jpfDnUNXJDszLxQ4dx01yfYZKoht5fArYhY8AhVLt
    jcaVdsQ0DSqvkjMdyyaY/stRWQfDNfdVKCyCfw/Wo3QwcjAdBgNVHQ4EFgQUX6Zl
    JTKc7xRgxeDgrVRq2DOKm6UwHwYDVR0jBBgwFoAUX6ZlJTKc7xRgxeDgrVRq2DOK
    m6UwDwYDVR0TAQH/BAUwAwEB/zAfBgNVHREEGDAWgg5icm9rZXIuZXhhbXBsZYcE
    fwAAATAKBggqhkjOPQQDAgNJADBGAiEA861PxVXI/jHAU46NVD0lq+E2u2qxz80i
    N0O2hoe+BdUCIQDamksaACOYN+RYlwlYhc/hc+aEV1XuqIlPpahhWCOdZQ==
    -----END CERTIFICATE-----
    """
  private static let starText = """
    -----BEGIN CERTIFICATE-----
    MIIBozCCAUigAwIBAgIUF7ZgBEwQbVI0rVUYZQm2B2jXJpEwCgYIKoZIzj0EAwIw
    FzEVMBMGA1UEAwwMbWVkZGVsYSB0ZXN0MCAXDTI2MTEyOTIxNTIyOVoYDzIxMjYx
    MTA1MjE1MjI5WjAXMRUwEwYDVQQDDAxtZWRkZWxhIHRlc3QwWTATBgcqhkjOPQIB
    BggqhkjOPQMBBwNCAATWJD4jpfDnUNXJDszLxQ4dx01yfYZKoht5fArYhY8AhVLt
    jcaVdsQ0DSqvkjMdyyaY/stRWQfDNfdVKCyCfw/Wo3AwbjAdBgNVHQ4EFgQUX6Zl
    JTKc7xRgxeDgrVRq2DOKm6UwHwYDVR0jBBgwFoAUX6ZlJTKc7xRgxeDgrVRq2DOK
    m6UwDwYDVR0TAQH/BAUwAwEB/zAbBgNVHREEFDASghAqLmJyb2tlci5leGFtcGxl
    MAoGCCqGSM49BAMCA0kAMEYCIQDdoTIpxKiWI9yo2f/Xwfw8R1/73vjtcpC1I7GW
    CVOZJwIhAKUiYqb027ts8U4oz3uRkEhSgvooAf4kDJnenz2zgd2C
    -----END CERTIFICATE-----
    """
  private static let subjectText = """
    -----BEGIN CERTIFICATE-----
    MIIBiTCCAS+gAwIBAgIUT4ST0C0hDq7i+aolkHwHwiFd28kwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOYnJva2VyLmV4YW1wbGUwIBcNMjYxMTI5MjE1MjI5WhgPMjEy
    NjExMDUyMTUyMjlaMBkxFzAVBgNVBAMMDmJyb2tlci5leGFtcGxlMFkwEwYHKoZI
    zj0CAQYIKoZIzj0DAQcDQgAE1iQ+I6Xw51DVyQ7My8UOHcdNcn2GSqIbeXwK2IWP
    AIVS7Y3GlXbENA0qr5IzHcsmmP7LUVkHwzX3VSgsgn8P1qNTMFEwHQYDVR0OBBYE
    FF+mZSUynO8UYMXg4K1UatgzipulMB8GA1UdIwQYMBaAFF+mZSUynO8UYMXg4K1U
    atgzipulMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAMY2eWeM
    zR5g7uJIqWbysHT63eWVKljsfmsDufKhawZHAiA2UWSvmic/qTlXBMH/MKNTwehb
    cetEVJAZBgqqKrSb/g==
    -----END CERTIFICATE-----
    """
}
