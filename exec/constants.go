package exec

// AttributeType is a CK_ATTRIBUTE_TYPE.
type AttributeType uint64

// MechanismType is a CK_MECHANISM_TYPE.
type MechanismType uint64

// The numbers below are those of the PKCS#11 specification's header, only for
// what the engine uses.
const (
	CKAClass              AttributeType = 0x000
	CKAToken              AttributeType = 0x001
	CKAPrivate            AttributeType = 0x002
	CKALabel              AttributeType = 0x003
	CKAApplication        AttributeType = 0x010
	CKAValue              AttributeType = 0x011
	CKAObjectID           AttributeType = 0x012
	CKACertificateType    AttributeType = 0x080
	CKAIssuer             AttributeType = 0x081
	CKASerialNumber       AttributeType = 0x082
	CKAKeyType            AttributeType = 0x100
	CKASubject            AttributeType = 0x101
	CKAID                 AttributeType = 0x102
	CKASensitive          AttributeType = 0x103
	CKAEncrypt            AttributeType = 0x104
	CKADecrypt            AttributeType = 0x105
	CKAWrap               AttributeType = 0x106
	CKAUnwrap             AttributeType = 0x107
	CKASign               AttributeType = 0x108
	CKASignRecover        AttributeType = 0x109
	CKAVerify             AttributeType = 0x10a
	CKADerive             AttributeType = 0x10c
	CKAModulus            AttributeType = 0x120
	CKAModulusBits        AttributeType = 0x121
	CKAPublicExponent     AttributeType = 0x122
	CKAPrivateExponent    AttributeType = 0x123
	CKAPrime1             AttributeType = 0x124
	CKAPrime2             AttributeType = 0x125
	CKAExponent1          AttributeType = 0x126
	CKAExponent2          AttributeType = 0x127
	CKACoefficient        AttributeType = 0x128
	CKAExtractable        AttributeType = 0x162
	CKALocal              AttributeType = 0x163
	CKANeverExtractable   AttributeType = 0x164
	CKAAlwaysAuthenticate AttributeType = 0x0202
	CKAAlwaysSensitive    AttributeType = 0x165
	CKAModifiable         AttributeType = 0x170
	CKACopyable           AttributeType = 0x171
	CKADestroyable        AttributeType = 0x172
	CKAECParams           AttributeType = 0x180
	CKAECPoint            AttributeType = 0x181
	CKAAlwaysAuth         AttributeType = 0x202

	CKOData        uint64 = 0
	CKOCertificate uint64 = 1
	CKOPublicKey   uint64 = 2
	CKOPrivateKey  uint64 = 3

	CKKRSA       uint64 = 0x00
	CKKEC        uint64 = 0x03
	CKKECEdwards uint64 = 0x40

	CKCX509 uint64 = 0

	CKMRSAKeyPairGen       MechanismType = 0x0000
	CKMRSAPKCS             MechanismType = 0x0001
	CKMECKeyPairGen        MechanismType = 0x1040
	CKMECDSA               MechanismType = 0x1041
	CKMECEdwardsKeyPairGen MechanismType = 0x1055
	CKMEDDSA               MechanismType = 0x1057
)
